import { afterEach, describe, expect, test } from "vitest";
import type { RolloutRequest } from "@muster/protocol/http";
import { expectTold } from "../../testing/expect-told.ts";
import { createFleetWorld, type FleetWorld, type WorldOptions } from "../../testing/fleet-world.ts";
import type { KillPlan } from "../../testing/watched-database.ts";

const HOUR = 3_600_000;
let world: FleetWorld;

afterEach(async () => {
  await world.close();
});

interface Scenario {
  readonly name: string;
  readonly options: WorldOptions;
  readonly request: Partial<RolloutRequest>;
  readonly ends: string;
}

const SCENARIOS: Scenario[] = [
  {
    name: "waves to everyone",
    options: { agents: 8 },
    request: {
      strategy: {
        kind: "waves",
        waves: [{ percent: 10 }, { percent: 50 }, { percent: 100 }],
        settleMs: 1000,
        approval: "automatic",
      },
      maxInFlight: 3,
    },
    ends: "completed",
  },
  {
    name: "a rollout that turns back",
    options: {
      agents: 6,
      ending: (id, { version }) => (id === "agent-00003" && version === "2.0.0" ? "rolled_back" : "healthy"),
    },
    request: { maxInFlight: 2, failurePolicy: { threshold: { count: 1 }, action: "roll_back" } },
    ends: "rolled_back",
  },
];

const ACCIDENTS = [
  { what: "the server is killed just before", when: "before", isFatal: true },
  { what: "the server is killed just after", when: "after", isFatal: true },
  { what: "the disk refuses", when: "before", isFatal: false },
  { what: "the disk takes, and says that it failed,", when: "after", isFatal: false },
] as const;

/** Runs a scenario to its end, with at most one death of the server; how many commits it took. */
async function play({ options, request, ends }: Scenario, kill: KillPlan | null): Promise<number> {
  world = await createFleetWorld(options);
  await world.create(request);
  if (kill) world.watched().killAt(kill);
  const begun = world.watched().commits();
  const ended = async () => (await world.read()).endedAt !== null;
  expect(await world.run(HOUR, ended)).toBe(true);
  expect((await world.read()).state).toBe(ends);
  expect(world.starts()).toBe(kill?.isFatal ? 2 : 1);
  expect(world.watched().accidents()).toBe(kill?.isFatal === false ? 1 : 0);
  return world.watched().commits() - begun;
}

/** What holds after any history: each host took each assignment once, and stands where the control plane says. */
async function expectTruth(): Promise<void> {
  const targets = await world.targets();
  expect(targets).toHaveLength(world.agents.length);
  for (const target of targets) {
    const agent = world.agent(target.agentId);
    const perTarget = [...agent.taken.keys()];
    expect(new Set(perTarget).size).toBe(perTarget.length);
    expect(["healthy", "rolled_back", "canceled", "superseded"]).toContain(target.state);
  }
  const healthy = targets.filter(({ state }) => state === "healthy");
  expect(healthy.map(({ agentId }) => world.agent(agentId).version)).toEqual(
    healthy.map(({ purpose }) => (purpose === "update" ? "2.0.0" : "1.0.0")),
  );
  const sums = (await world.read()).counts;
  expect(sums.planned).toBe(world.agents.length);
  expect(sums.inProgress + sums.pending).toBe(0);
  await expectTold(world);
}

describe.each(SCENARIOS)("$name", (scenario) => {
  test.each(ACCIDENTS)(
    "comes to the same end when $what any of its commits",
    async (accident) => {
      const commits = await play(scenario, null);
      await expectTruth();
      await world.close();
      expect(commits).toBeGreaterThan(5);
      for (let commit = 1; commit <= commits; commit += 1) {
        await play(scenario, { ...accident, commit });
        await expectTruth();
        await world.close();
      }
    },
    60_000,
  );

  test("comes to the same end when the server is stopped in the middle and started again", async () => {
    world = await createFleetWorld(scenario.options);
    await world.create(scenario.request);
    await world.run(300);
    await world.restart("stop");
    const ended = async () => (await world.read()).endedAt !== null;
    expect(await world.run(HOUR, ended)).toBe(true);
    expect((await world.read()).state).toBe(scenario.ends);
    await expectTruth();
  });
});

test("time in which the server was down is no agent's failure", async () => {
  world = await createFleetWorld({ agents: 3, ending: () => "silent" });
  await world.create({});
  await world.run(1000);
  await world.restart("kill", 2 * HOUR);
  await world.run(30_000);
  expect(await world.read()).toMatchObject({
    state: "running",
    counts: { inProgress: 3, silent: 0, failed: 0 },
  });
  const failed = async () => (await world.read()).counts.failed === 3;
  expect(await world.run(HOUR, failed)).toBe(true);
});
