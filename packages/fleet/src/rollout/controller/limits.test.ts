import { afterEach, expect, test } from "vitest";
import { createFleetWorld, type FleetWorld } from "../../testing/fleet-world.ts";

const HOUR = 3_600_000;
let world: FleetWorld;

afterEach(async () => {
  await world.close();
});

const ended = async () => (await world.read()).endedAt !== null;
const UNDER_WAY = ["dispatched", "downloading", "verifying", "staging", "restarting"];

async function underWay(): Promise<readonly string[]> {
  const targets = await world.targets();
  return targets.filter(({ state }) => UNDER_WAY.includes(state)).map(({ agentId }) => agentId);
}

const label = (rack: string, ...ids: readonly string[]) =>
  world.plane().agents.label({ selection: { kind: "agents", ids: [...ids] }, set: { rack } });

test("a rack is taken one agent at a time, by the labels as they are at the moment", async () => {
  world = await createFleetWorld({ agents: 4, stepMs: 1000 });
  const [a = "", b = "", c = "", d = ""] = world.agents.map(({ id }) => id);
  await label("r1", a, b, c);
  await world.create({ spread: { label: "rack", max: 1 } });
  await world.run(500);
  expect(await underWay()).toEqual(expect.arrayContaining([d]));
  expect(await underWay()).toHaveLength(2);
  const waiting = (await world.targets()).filter(({ reason }) => reason === "spread");
  expect(waiting.map(({ state }) => state)).toEqual(["pending", "pending"]);
  const [moved] = waiting.map(({ agentId }) => agentId);
  await label("r2", moved ?? "");
  await world.run(500);
  expect(await underWay()).toContain(moved);
  expect(await underWay()).toHaveLength(3);
  expect(await world.run(HOUR, ended)).toBe(true);
  expect(await world.read()).toMatchObject({ state: "completed", counts: { healthy: 4 } });
});

test("labels are known after a restart", async () => {
  world = await createFleetWorld({ agents: 3, stepMs: 1000 });
  await label("r1", ...world.agents.map(({ id }) => id));
  await world.restart();
  await world.run(5000);
  await world.create({ spread: { label: "rack", max: 1 } });
  await world.run(500);
  expect(await underWay()).toHaveLength(1);
});

test("no more agents download than the budget allows, and each that has its archive lets the next one in", async () => {
  world = await createFleetWorld({ agents: 5, stepMs: 1000 });
  await world.create({ maxDownloads: 2 });
  await world.run(500);
  expect(await underWay()).toHaveLength(2);
  expect((await world.targets()).filter(({ reason }) => reason === "bandwidth")).toHaveLength(3);
  // They verify, and are still under way.
  await world.run(3000);
  expect((await underWay()).length).toBeGreaterThan(2);
  expect(await world.run(HOUR, ended)).toBe(true);
});
