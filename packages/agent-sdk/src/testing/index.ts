export { FakeGateway, HEARTBEAT_MS, startFakeGateway, type FakeStream } from "./fake-gateway.ts";
export { createManualClock, type ManualAgentClock } from "./manual-clock.ts";
export { createReleaseSigner, signRelease, type ReleaseSigner, type TestRelease } from "./signed-release.ts";
