import { writeFile } from "node:fs/promises";
import { until, type LocalFleet, type LocalHost } from "@muster/local-fleet";
import type { RolloutView } from "@muster/protocol/http";
import { beforeAll, expect, test } from "vitest";
import { agentIdOf, knownVersion, LIMITS, publishGood, startFleet, useCleanUp } from "../fleet.ts";

const cleanUp = useCleanUp();

let fleet: LocalFleet;
let hosts: readonly LocalHost[];

beforeAll(async () => {
  fleet = await startFleet(cleanUp);
  const seed = await publishGood(fleet, "1.0.0");
  await publishGood(fleet, "1.1.0");
  hosts = await fleet.addHosts(["host-1", "host-2", "host-3"], seed);
});

/** The hosts of a wave, counted from 0. */
async function hostsOfWave(rollout: RolloutView, wave: number): Promise<readonly LocalHost[]> {
  const targets = await fleet.targets(rollout.id);
  const ids = new Set(targets.filter((target) => target.wave === wave).map(({ agentId }) => agentId));
  const all = await Promise.all(hosts.map(async (host) => ({ host, id: await agentIdOf(fleet, host) })));
  return all.filter(({ id }) => ids.has(id)).map(({ host }) => host);
}

async function expectRunning(host: LocalHost, version: string): Promise<void> {
  expect(await host.currentVersion()).toBe(version);
  await until(
    `the control plane to know ${version} on ${host.name}`,
    async () => (await knownVersion(fleet, host)) === version,
  );
}

test("a failure in a later wave returns the hosts that the earlier one has updated", async () => {
  const { id } = await fleet.roll("1.1.0", {
    strategy: {
      kind: "waves",
      waves: [{ count: 2 }, { percent: 100 }],
      settleMs: 0,
      approval: "manual",
    },
    failurePolicy: { threshold: { count: 1 }, action: "roll_back" },
    limits: LIMITS,
  });
  const first = await fleet.settled(id);
  expect(first).toMatchObject({ state: "paused", reason: "approval", counts: { healthy: 2, pending: 1 } });
  const updated = await hostsOfWave(first, 0);
  const [refusing] = await hostsOfWave(first, 1);
  expect(updated).toHaveLength(2);
  if (!refusing) throw new Error("the second wave has no host");
  for (const host of updated) await expectRunning(host, "1.1.0");

  await writeFile(refusing.layout.policy, JSON.stringify({ maintenance: true }));
  await fleet.client.rollouts.act(id, "approve");
  const ended = await fleet.settled(id);

  expect(ended).toMatchObject({
    state: "rolled_back",
    touched: 3,
    touchedAtHalt: 3,
    counts: { healthy: 0, failed: 1, rolledBack: 2, pending: 0, inProgress: 0 },
  });
  expect(ended.waves.map(({ state }) => state)).toEqual(["passed", "failed"]);
  const targets = await fleet.targets(id);
  expect(targets.find(({ wave }) => wave === 1)).toMatchObject({
    state: "failed",
    code: "POLICY_MAINTENANCE",
  });
  for (const host of hosts) await expectRunning(host, "1.0.0");
});
