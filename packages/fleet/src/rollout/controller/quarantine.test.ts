import { afterEach, describe, expect, test } from "vitest";
import { createFleetWorld, type FleetWorld } from "../../testing/fleet-world.ts";
import { OPERATOR } from "../../testing/operator.ts";

const HOUR = 3_600_000;
let world: FleetWorld;

afterEach(async () => {
  await world.close();
});

const ended = async () => (await world.read()).endedAt !== null;
const LOOSE = { failurePolicy: { threshold: { percent: 100 } } };

const previewed = async () => {
  const request = {
    product: "app",
    version: "2.0.0",
    cohort: { kind: "all" },
    strategy: { kind: "immediate" },
  } as const;
  return (await world.plane().rollouts.preview(request)).reasons;
};

describe("a host that has rolled a release back twice", () => {
  const bad = "agent-00000";
  const twice = async () => {
    world = await createFleetWorld({
      agents: 3,
      ending: (agentId, { version }) => (agentId === bad && version === "2.0.0" ? "rolled_back" : "healthy"),
    });
    for (let round = 0; round < 2; round += 1) {
      await world.create({
        ...LOOSE,
        cohort: { kind: "agents", ids: [bad] },
        failurePolicy: { threshold: { count: 9 } },
      });
      expect(await world.run(HOUR, ended)).toBe(true);
    }
  };
  const quarantined = [{ reason: "quarantined", count: 1, agentIds: [bad] }];

  test("is left out by name, also after a restart, until it is forgiven", async () => {
    await twice();
    expect(await previewed()).toEqual(quarantined);
    await world.restart();
    expect(await previewed()).toEqual(quarantined);
    await world.plane().agents.forgive(bad);
    expect(await previewed()).toEqual([]);
    await world.restart();
    expect(await previewed()).toEqual([]);
  });
});

test("rollbacks that cluster at one site hold it back, by name, and resume lets it go on", async () => {
  world = await createFleetWorld({
    agents: 30,
    ending: (agentId) => (agentId < "agent-00010" ? "rolled_back" : "healthy"),
  });
  const ids = world.agents.slice(0, 10).map((agent) => agent.id);
  await world.plane().agents.label({ selection: { kind: "agents", ids }, set: { site: "fra" } });
  const { id } = await world.create({ ...LOOSE, maxInFlight: 1, sliceLabels: ["site"] });
  await world.run(HOUR);
  const held = await world.read();
  expect(held).toMatchObject({ state: "running", heldSlices: ["site=fra"], reason: "quarantined" });
  expect(held.counts).toMatchObject({ healthy: 20, rolledBack: 3, pending: 7 });
  const waiting = (await world.targets()).filter(({ state }) => state === "pending");
  expect(waiting.map(({ agentId }) => agentId).toSorted()).toEqual(
    ids.filter((agentId) => waiting.some((target) => target.agentId === agentId)),
  );
  expect(new Set(waiting.map(({ reason }) => reason))).toEqual(new Set(["quarantined"]));
  expect(held.verbs.find(({ verb }) => verb === "resume")).toMatchObject({ allowed: true });
  await world.restart();
  await world.run(5000);
  await world.plane().rollouts.act(id, "resume", OPERATOR);
  await world.run(HOUR);
  // What rolled back before no longer counts.
  expect((await world.read()).counts.rolledBack).toBeGreaterThan(3);
});
