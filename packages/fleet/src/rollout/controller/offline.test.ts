import { afterEach, describe, expect, test } from "vitest";
import { createFleetWorld, type FleetWorld } from "../../testing/fleet-world.ts";
import { readWholeRollout } from "./load.ts";
import { OPERATOR } from "../../testing/operator.ts";

const MINUTE = 60_000;
let world: FleetWorld;

afterEach(async () => {
  await world.close();
});

const ended = async () => (await world.read()).endedAt !== null;
const first = () => world.agents[0] ?? world.agent("agent-00000");
const waitingOffline = async () => {
  const { id } = await world.read();
  const { items } = await world.plane().rollouts.targets(id, { limit: 10, offline: true });
  return items.map(({ agentId, hostname }) => ({ agentId, hostname }));
};

test("who follows on return is listed by name, also while the rollout is paused", async () => {
  world = await createFleetWorld({ agents: 3 });
  first().disconnect();
  const { id } = await world.create({});
  await world.run(MINUTE);
  const away = [{ agentId: first().id, hostname: expect.any(String) }];
  expect(await waitingOffline()).toEqual(away);
  await world.plane().rollouts.act(id, "pause", OPERATOR);
  expect(await waitingOffline()).toEqual(away);
});

test("an agent that stays away is left out in the end, with a code, and the rollout ends", async () => {
  world = await createFleetWorld({ agents: 3 });
  first().disconnect();
  const { id, createdAt } = await world.create({ offline: { expireAfterMs: 30 * MINUTE } });
  expect(await world.run(30 * MINUTE - 1000, ended)).toBe(false);
  // What it is reckoned from is on disk: a restart does not begin anew.
  const stored = await readWholeRollout(world.db(), id);
  expect(stored?.rollout.waves.map(({ openedAt }) => openedAt)).toEqual([createdAt]);
  expect(await world.run(2000, ended)).toBe(true);
  expect(await world.read()).toMatchObject({ state: "completed", counts: { healthy: 2, canceled: 1 } });
  expect((await world.targets()).find(({ agentId }) => agentId === first().id)).toMatchObject({
    state: "canceled",
    code: "TARGET_OFFLINE_EXPIRED",
  });
});

describe("an agent that returns late", () => {
  test.each(["pause", "cancel"] as const)("is given nothing after %s", async (verb) => {
    world = await createFleetWorld({ agents: 3 });
    first().disconnect();
    const { id } = await world.create({});
    await world.run(MINUTE);
    await world.plane().rollouts.act(id, verb, OPERATOR);
    first().connect();
    await world.run(10 * MINUTE);
    expect(first()).toMatchObject({ version: "1.0.0", taken: new Map() });
  });

  test("is given nothing by a rollout that has halted", async () => {
    world = await createFleetWorld({
      agents: 3,
      ending: (agentId) => (agentId === "agent-00001" ? "rolled_back" : "healthy"),
    });
    first().disconnect();
    await world.create({});
    await world.run(MINUTE);
    first().connect();
    await world.run(10 * MINUTE);
    expect(await world.read()).toMatchObject({ state: "paused", pauseCause: "failure_threshold" });
    expect(first()).toMatchObject({ version: "1.0.0", taken: new Map() });
  });

  test("is updated by one that goes on", async () => {
    world = await createFleetWorld({ agents: 3 });
    first().disconnect();
    await world.create({ offline: { expireAfterMs: 60 * MINUTE } });
    await world.run(MINUTE);
    first().connect();
    expect(await world.run(10 * MINUTE, ended)).toBe(true);
    expect(first().version).toBe("2.0.0");
  });
});
