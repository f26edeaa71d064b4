import { readdir } from "node:fs/promises";
import { until, type LocalFleet, type LocalHost } from "@muster/local-fleet";
import type { RolloutRequest } from "@muster/protocol/http";
import { beforeAll, expect, test } from "vitest";
import { agentIdOf, knownVersion, LIMITS, publishGood, startFleet, updateOne, useCleanUp } from "../fleet.ts";

const cleanUp = useCleanUp();

let fleet: LocalFleet;
let hosts: readonly LocalHost[];

beforeAll(async () => {
  fleet = await startFleet(cleanUp);
  const seed = await publishGood(fleet, "1.0.0");
  hosts = await fleet.addHosts(["host-1", "host-2", "host-3", "host-4"], seed);
});

const WAVES: RolloutRequest["strategy"] = {
  kind: "waves",
  waves: [{ count: 1 }, { percent: 50 }, { percent: 100 }],
  settleMs: 0,
  approval: "automatic",
};

test("a server killed in the middle of a rollout goes on where it was", async () => {
  await publishGood(fleet, "1.1.0");
  const { id } = await fleet.roll("1.1.0", { strategy: WAVES, limits: LIMITS });
  await until(
    "the first wave to pass",
    async () => (await fleet.client.rollouts.get(id)).counts.healthy >= 1,
    { everyMs: 20 },
  );
  await fleet.server.stop("SIGKILL");
  await fleet.server.restart();
  expect(await fleet.settled(id)).toMatchObject({ state: "completed", touched: 4, counts: { healthy: 4 } });
  const targets = await fleet.targets(id);
  expect(targets.map(({ attempt }) => attempt)).toEqual([1, 1, 1, 1]);
  for (const host of hosts) expect(await host.currentVersion()).toBe("1.1.0");
});

test("an agent that was away is updated when it returns", async () => {
  await publishGood(fleet, "1.2.0");
  const [, , , away] = hosts as [LocalHost, LocalHost, LocalHost, LocalHost];
  await away.stop();
  await until("the control plane to miss it", async () => (await fleet.client.overview()).offline === 1);
  const { id } = await fleet.roll("1.2.0", { limits: LIMITS });
  await until(
    "the others to be healthy",
    async () => (await fleet.client.rollouts.get(id)).counts.healthy === 3,
  );
  const waiting = (await fleet.targets(id)).find(({ hostname }) => hostname === away.name);
  expect(waiting).toMatchObject({ state: "pending", reason: "offline" });
  expect((await fleet.client.rollouts.get(id)).state).toBe("running");
  away.start();
  expect(await fleet.settled(id)).toMatchObject({ state: "completed", counts: { healthy: 4 } });
  expect(await away.currentVersion()).toBe("1.2.0");
});

test("an agent under way in one rollout is not taken by another", async () => {
  await fleet.publish(await fleet.make({ version: "1.3.0", behaviour: "never_connects" }));
  await publishGood(fleet, "1.3.1");
  const [host] = hosts as [LocalHost];
  const cohort = { kind: "agents" as const, ids: [await agentIdOf(fleet, host)] };
  const first = await fleet.roll("1.3.0", { cohort, limits: LIMITS });
  await expect(fleet.roll("1.3.1", { cohort, limits: LIMITS })).rejects.toMatchObject({
    code: "ROLLOUT_COHORT_EMPTY",
  });
  const preview = await fleet.client.rollouts.preview({ ...first.spec, version: "1.3.1", cohort });
  expect(preview.reasons).toMatchObject([{ reason: "other_rollout", count: 1 }]);
  const settled = await fleet.settled(first.id);
  expect(settled).toMatchObject({ counts: { rolledBack: 1 } });
  await fleet.client.rollouts.act(first.id, "cancel");
  expect(await host.currentVersion()).toBe("1.2.0");
});

test.each([0, 60, 150, 300, 600])(
  "an updater killed %i ms into its work leaves a host that runs a good version",
  async (delayMs) => {
    const [, host] = hosts as [LocalHost, LocalHost];
    const version = `2.${delayMs}.0`;
    await publishGood(fleet, version);
    const kill = killUpdater(host, delayMs);
    const { target } = await updateOne(fleet, host, version);
    const killed = await kill;
    expect(killed).toBe(true);
    expect(["healthy", "failed", "rolled_back"]).toContain(target.state);
    // The truth: what the target says survived is what runs and what the control plane knows.
    const current = await host.currentVersion();
    expect(target.survivingVersion).toBe(current);
    await until("the control plane to know it", async () => (await knownVersion(fleet, host)) === current);
    await until("nothing left over", async () => (await host.leftovers()).length === 0);
    // And the next update finds nothing in its way.
    const next = `2.${delayMs}.1`;
    await publishGood(fleet, next);
    expect((await updateOne(fleet, host, next)).target.state).toBe("healthy");
  },
);

/** Waits for an updater to begin on a host and ends it with SIGKILL after a while. */
async function killUpdater(host: LocalHost, delayMs: number): Promise<boolean> {
  const pid = await until("an updater to begin", () => pidOfUpdater(host), { everyMs: 5, timeoutMs: 20_000 });
  const from = performance.now();
  await until("the moment", () => performance.now() - from >= delayMs, { everyMs: 1 });
  try {
    return process.kill(pid, "SIGKILL");
  } catch (error) {
    // It was quicker than the delay; then there was nothing to kill.
    if (error instanceof Error && "code" in error && error.code === "ESRCH") return true;
    throw error;
  }
}

/** The lock of a working updater is a folder with one entry, `<pid>.<start>.<boot>`. */
async function pidOfUpdater(host: LocalHost): Promise<number | null> {
  const [entry] = await readdir(host.layout.lock).catch(() => []);
  return entry === undefined ? null : Number.parseInt(entry, 10);
}
