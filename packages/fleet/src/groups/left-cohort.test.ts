import type { RolloutRequest } from "@muster/protocol/http";
import { afterEach, describe, expect, test, vi } from "vitest";
import { createFleetWorld, type FleetWorld } from "../testing/fleet-world.ts";

// Whole fleets over a database file, on a machine that may be busy.
vi.setConfig({ testTimeout: 30_000 });

const ACTOR = { name: "tester", role: "operator" } as const;
const TWO_WAVES: RolloutRequest["strategy"] = {
  kind: "waves",
  waves: [{ count: 1 }, { percent: 100 }],
  settleMs: 0,
  approval: "manual",
};

let world: FleetWorld;
afterEach(() => world.close());

async function begin(): Promise<void> {
  world = await createFleetWorld({ agents: 4 });
  const { agents, groups } = world.plane();
  await agents.label({ selection: { kind: "filter", filter: "" }, set: { ring: "1" } });
  await groups.create({ name: "ring", rule: "ring=1" }, ACTOR);
}

/** Goes through the first wave; the agents of the second. */
async function untilApproval(): Promise<string[]> {
  await world.run(10 * 60_000, async () => (await world.read()).pauseCause === "approval_required");
  return (await world.targets()).filter(({ wave }) => wave === 1).map(({ agentId }) => agentId);
}

describe.each([
  { name: "a group", cohort: { kind: "group", id: "ring" } as const },
  { name: "labels", cohort: { kind: "labels", expression: "ring=1,os!=windows" } as const },
])("a rollout to $name", ({ cohort }) => {
  test("lets go who has left by the time its wave opens, and keeps who leaves after that", async () => {
    await begin();
    const rollout = await world.create({ cohort, strategy: TWO_WAVES });
    const [leaver = "", late = "", ...others] = await untilApproval();
    const { agents, rollouts } = world.plane();
    await agents.putLabels(leaver, { labels: {} });
    world.agent(late).disconnect();
    await rollouts.act(rollout.id, "approve", ACTOR);
    await world.run(60_000);
    // Its wave is open: whether it is still in the cohort is not asked any more.
    await agents.putLabels(late, { labels: {} });
    world.agent(late).connect();
    await world.run(10 * 60_000);
    expect(world.agent(leaver).version).toBe("1.0.0");
    expect(world.agent(late).version).toBe("2.0.0");
    expect(others.map((id) => world.agent(id).version)).toEqual(others.map(() => "2.0.0"));
    expect(await world.read()).toMatchObject({ state: "completed", counts: { healthy: 3, canceled: 1 } });
  });
});

test("a rollout to a filter keeps who was selected", async () => {
  await begin();
  const rollout = await world.create({
    cohort: { kind: "filter", filter: "ring=1 state:none" },
    strategy: TWO_WAVES,
  });
  const [leaver = ""] = await untilApproval();
  const { agents, rollouts } = world.plane();
  await agents.putLabels(leaver, { labels: {} });
  await rollouts.act(rollout.id, "approve", ACTOR);
  await world.run(10 * 60_000);
  expect(await world.read()).toMatchObject({ state: "completed", counts: { healthy: 4 } });
});
