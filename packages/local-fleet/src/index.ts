export { LocalFleet, temporaryFolder, type FleetOptions } from "./local-fleet.ts";
export type { HostProcess } from "./host-processes.ts";
export { LocalHost } from "./local-host.ts";
export { LocalServer, type ServerPlace } from "./local-server.ts";
export type { Behaviour } from "./payload.ts";
export { Program, ProgramFailed, until } from "./program.ts";
export { PRODUCT, type ReleaseFiles, type ReleaseWish } from "./release-maker.ts";
