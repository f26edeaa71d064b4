import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { until } from "@muster/local-fleet";
import type { RolloutRequest } from "@muster/protocol/http";
import { dealProfiles, type Mix } from "../agent/profile.ts";
import { createCleanup } from "./cleanup.ts";
import { BENCH_NATURE, openGround, type Ground } from "./ground.ts";
import { isOver } from "./measures/rollout.ts";

const AGENTS = 20;
const PATIENCE_MS = 60_000;
const project = fileURLToPath(new URL("../../../..", import.meta.url));
const cleanup = createCleanup();
const limits = { deadlineMs: 5000, stabilizationMs: 100, maxBoots: 3 };
const strategy: RolloutRequest["strategy"] = {
  kind: "waves",
  waves: [{ percent: 25 }, { percent: 100 }],
  settleMs: 0,
  approval: "automatic",
};
const silence = () => undefined;
let ground: Ground;

beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), "muster-simulator-test-"));
  cleanup.add(() => rm(folder, { recursive: true, force: true }));
  const program = join(project, "apps/simulator/src/main.ts");
  ground = await openGround(
    { project, program, folder, profileFolder: null, cleanup, tell: silence },
    AGENTS,
  );
  await ground.fleet.enrol();
  await ground.fleet.connect();
}, PATIENCE_MS);

afterAll(() => cleanup.run());

function become(mix: Mix) {
  ground.fleet.become(dealProfiles(mix, AGENTS, 3), BENCH_NATURE);
}

test(
  "twenty simulated agents are what a real server believes them to be, and take a signed release in waves",
  async () => {
    expect(await ground.client.overview()).toMatchObject({ agents: AGENTS, online: AGENTS });
    const version = await ground.publishNext();
    const { id } = await ground.roll(version, { strategy, limits });
    const done = await ground.until(id, isOver);
    expect(done).toMatchObject({ state: "completed", counts: { healthy: AGENTS, failed: 0 } });
    expect(ground.fleet.census()).toMatchObject({
      online: AGENTS,
      healthy: AGENTS,
      versions: { [version]: AGENTS },
      troubles: {},
    });
  },
  PATIENCE_MS,
);

test(
  "a real server halts at the first simulated fault, and brings every fault to an end",
  async () => {
    become([
      { profile: { kind: "fails_preflight" }, amount: { count: 4 } },
      { profile: { kind: "rolls_back" }, amount: { count: 2 } },
      { profile: { kind: "slow", byMs: 200 }, amount: { count: 14 } },
    ]);
    const version = await ground.publishNext();
    const { id } = await ground.roll(version, { strategy: { kind: "immediate" }, limits, maxInFlight: 5 });
    const halted = await ground.until(
      id,
      ({ state, counts }) => state === "paused" && counts.inProgress === 0,
    );
    expect(halted.pauseCause).toBe("failure_threshold");
    expect(halted.touchedAtHalt).toBeLessThan(AGENTS);

    await ground.client.rollouts.act(id, "cancel");
    const again = await ground.roll(version, {
      strategy: { kind: "immediate" },
      limits,
      failurePolicy: { threshold: { percent: 100 } },
    });
    const done = await ground.until(again.id, isOver);
    expect(done.state).toBe("completed");
    const { healthy, failed, rolledBack, planned } = done.counts;
    expect(healthy + failed + rolledBack).toBe(planned);
    expect([failed, rolledBack]).toEqual([4, 2]);
  },
  PATIENCE_MS,
);

test(
  "a rollout goes on where it was when the server is killed and started again",
  async () => {
    become([]);
    const version = await ground.publishNext();
    const { id } = await ground.roll(version, { strategy, limits });
    await ground.until(id, ({ counts }) => counts.healthy > 0);
    await ground.server.stop("SIGKILL");
    await until("every agent to notice", () => ground.fleet.census().online === 0);
    await ground.server.restart();
    const done = await ground.until(id, isOver);
    expect(done).toMatchObject({ state: "completed", counts: { healthy: AGENTS } });
    await until("every agent to be back", () => ground.fleet.census().online === AGENTS);
  },
  PATIENCE_MS,
);
