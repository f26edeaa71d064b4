import { OPEN_POLICY } from "@muster/core";
import { afterEach, expect, test } from "vitest";
import { createFleetWorld, type FleetWorld } from "../../testing/fleet-world.ts";
import { anArtifact } from "../../testing/rows.ts";

const HOUR = 3_600_000;
let world: FleetWorld;

afterEach(async () => {
  await world.close();
});

const ended = async () => (await world.read()).endedAt !== null;
const needed = 3 * anArtifact("2.0.0").size;
const first = "agent-00000";

const TELEMETRY = {
  cpu: 0,
  memoryUsedBytes: 0,
  memoryTotalBytes: 0,
  diskFreeBytes: 0,
  diskTotalBytes: 0,
  uptimeSeconds: 0,
};

function tells(diskFreeBytes: number): void {
  world.plane().desk.heartbeat(first, {
    clockSkewMs: 0,
    telemetry: { ...TELEMETRY, diskFreeBytes },
    policy: OPEN_POLICY,
  });
}

test("a host whose disk is short waits for room, by name, and is updated when there is some", async () => {
  world = await createFleetWorld({ agents: 3 });
  tells(needed - 1);
  const request = {
    product: "app",
    version: "2.0.0",
    cohort: { kind: "all" },
    strategy: { kind: "immediate" },
  } as const;
  expect(await world.plane().rollouts.preview(request)).toMatchObject({
    ready: 3,
    diskShort: { count: 1, agentIds: [first] },
  });
  await world.create({});
  expect(await world.run(HOUR, ended)).toBe(false);
  expect((await world.targets()).find(({ agentId }) => agentId === first)).toMatchObject({
    state: "pending",
    reason: "disk_short",
  });
  tells(needed);
  expect(await world.run(HOUR, ended)).toBe(true);
  expect((await world.read()).counts).toMatchObject({ healthy: 3, failed: 0 });
});
