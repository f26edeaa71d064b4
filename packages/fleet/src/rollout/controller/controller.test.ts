import { OPERATOR } from "../../testing/operator.ts";
import { afterEach, describe, expect, test } from "vitest";
import type { FakeAgent } from "../../testing/fake-agent.ts";
import { createFleetWorld, type FleetWorld, type WorldOptions } from "../../testing/fleet-world.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
let world: FleetWorld;

afterEach(async () => {
  await world.close();
});

async function begin(options: WorldOptions): Promise<void> {
  world = await createFleetWorld(options);
}
const ended = async () => (await world.read()).endedAt !== null;
const stateIs = (state: string) => async () => (await world.read()).state === state;
const versions = () => world.agents.map(({ version }) => version);

/** Every host took each of its assignments once, and no host two of one rollout but by a retry or a return. */
async function expectOnceEach(): Promise<void> {
  for (const target of await world.targets()) {
    const taken = [...world.agent(target.agentId).taken.values()];
    const sequences = taken.map(({ sequence }) => sequence);
    expect(new Set(sequences).size).toBe(sequences.length);
    expect(taken.filter(({ targetId }) => targetId === target.id).length).toBeLessThanOrEqual(1);
  }
}

describe("a rollout over a fleet", () => {
  test("brings every agent to the version at once when it is immediate", async () => {
    await begin({ agents: 20 });
    const created = await world.create({});
    expect(created).toMatchObject({ state: "scheduled", counts: { planned: 20, pending: 20 } });
    expect(await world.run(HOUR, ended)).toBe(true);
    expect(await world.read()).toMatchObject({
      state: "completed",
      touched: 20,
      counts: { planned: 20, healthy: 20, inProgress: 0 },
    });
    expect(new Set(versions())).toEqual(new Set(["2.0.0"]));
    await expectOnceEach();
    const [target] = await world.targets();
    expect(world.changes).toContainEqual({ kind: "rollout", rolloutId: created.id });
    expect(world.changes).toContainEqual({ kind: "target", rolloutId: created.id, targetId: target?.id });
  });

  test("opens a wave when the one before has passed and settled", async () => {
    await begin({ agents: 20 });
    await world.create({
      strategy: {
        kind: "waves",
        waves: [{ percent: 5 }, { percent: 25 }, { percent: 100 }],
        settleMs: 10 * MINUTE,
        approval: "automatic",
      },
    });
    const first = async () => (await world.read()).waves[0]?.state === "settling";
    expect(await world.run(HOUR, first)).toBe(true);
    expect((await world.read()).waves.map(({ counts }) => counts.healthy)).toEqual([1, 0, 0]);
    expect((await world.read()).waves[1]).toMatchObject({ state: "waiting", reason: "settling" });
    const second = async () => (await world.read()).waves[1]?.state === "settling";
    expect(await world.run(10 * MINUTE - 1000, second)).toBe(false);
    expect(await world.run(HOUR, second)).toBe(true);
    expect((await world.read()).waves.map(({ counts }) => counts.healthy)).toEqual([1, 4, 0]);
    expect(await world.run(HOUR, ended)).toBe(true);
    expect((await world.read()).waves.map(({ counts }) => counts.healthy)).toEqual([1, 4, 15]);
  });

  test("dispatches a batch, waits its delay, and dispatches the next", async () => {
    await begin({ agents: 10 });
    await world.create({ strategy: { kind: "batches", size: 4, delayMs: 10 * MINUTE } });
    await world.run(5 * MINUTE);
    expect((await world.read()).counts).toMatchObject({ healthy: 4, pending: 6 });
    expect((await world.targets()).at(-1)?.reason).toBe("waiting_for_batch");
    await world.run(10 * MINUTE);
    expect((await world.read()).counts).toMatchObject({ healthy: 8, pending: 2 });
    expect(await world.run(HOUR, ended)).toBe(true);
  });

  test("never has more under way than maxInFlight", async () => {
    await begin({ agents: 30 });
    await world.create({ maxInFlight: 7 });
    let most = 0;
    const watch = async () => {
      const { counts, endedAt } = await world.read();
      most = Math.max(most, counts.inProgress);
      return endedAt !== null;
    };
    expect(await world.run(HOUR, watch)).toBe(true);
    expect(most).toBe(7);
  });

  test("shows each stage of a target as it is reported", async () => {
    await begin({ agents: 1, stepMs: 1000 });
    await world.create({});
    const seen = new Set<string>();
    await world.run(HOUR, async () => {
      const [target] = await world.targets();
      if (target) seen.add(target.state);
      return target?.state === "healthy";
    });
    expect([...seen].join(" → ")).toBe(
      "pending → dispatched → downloading → verifying → staging → restarting → healthy",
    );
  });
});

describe("failures", () => {
  test("stop the rollout inside the wave, and say how many hosts were touched", async () => {
    await begin({ agents: 40, ending: () => "rolled_back" });
    await world.create({ maxInFlight: 4 });
    expect(await world.run(HOUR, stateIs("paused"))).toBe(true);
    await world.run(MINUTE);
    const view = await world.read();
    expect(view).toMatchObject({ pauseCause: "failure_threshold", reason: "threshold", touchedAtHalt: 4 });
    expect(view.counts).toMatchObject({ rolledBack: 4, pending: 36, healthy: 0 });
    const [target] = (await world.targets()).filter(({ state }) => state === "rolled_back");
    expect(target).toMatchObject({
      code: "PROBATION_CRASHED",
      survivingVersion: "1.0.0",
      outputTail: "it said no",
      downtimeMs: 400,
    });
  });

  test("a silent host counts before it has failed, and fails at its deadline", async () => {
    await begin({ agents: 10, ending: () => "silent" });
    await world.create({ maxInFlight: 1, failurePolicy: { silentAfterMs: 20_000 } });
    expect(await world.run(HOUR, stateIs("paused"))).toBe(true);
    expect((await world.read()).counts).toMatchObject({ silent: 1, inProgress: 1, failed: 0 });
    expect((await world.plane().agents.overview()).stuck).toBe(1);
    const failed = async () => (await world.read()).counts.failed === 1;
    expect(await world.run(HOUR, failed)).toBe(true);
    const [target] = (await world.targets()).filter(({ state }) => state === "failed");
    expect(target).toMatchObject({ code: "TARGET_STAGE_TIMEOUT" });
    // It is told to leave it, so that it does not update behind the rollout's back.
    expect(world.agent(target?.agentId ?? "").canceled).toEqual([target?.id]);
  });

  test("return the updated agents when the policy says so", async () => {
    const broken = new Set<string>();
    await begin({
      agents: 12,
      ending: (id, { version }) => (broken.has(id) && version === "2.0.0" ? "rolled_back" : "healthy"),
    });
    broken.add("agent-00000");
    await world.create({
      maxInFlight: 3,
      failurePolicy: { threshold: { count: 1 }, action: "roll_back" },
    });
    expect(await world.run(HOUR, ended)).toBe(true);
    const view = await world.read();
    expect(view.state).toBe("rolled_back");
    expect(view.counts).toMatchObject({ healthy: 0, failed: 0, inProgress: 0, pending: 0 });
    expect(new Set(versions())).toEqual(new Set(["1.0.0"]));
    const returns = (await world.targets()).filter(({ purpose }) => purpose === "return");
    expect(returns.length).toBe(view.touched - 1);
    const [one] = returns;
    expect(world.agent(one?.agentId ?? "").taken.get(one?.id ?? "")).toMatchObject({
      version: "1.0.0",
      allowDowngrade: true,
    });
  });

  test("a return ends without an agent that is gone for good once it is revoked", async () => {
    await begin({ agents: 2, ending: (id) => (id === "agent-00001" ? "failed" : "healthy") });
    const [updated, failing] = world.agents as [FakeAgent, FakeAgent];
    failing.disconnect();
    await world.create({ failurePolicy: { threshold: { count: 1 }, action: "roll_back" } });
    expect(await world.run(MINUTE, async () => (await world.read()).counts.healthy === 1)).toBe(true);
    updated.disconnect();
    failing.connect();
    expect(await world.run(HOUR, ended)).toBe(false);
    expect(await world.read()).toMatchObject({ state: "rolling_back", counts: { pending: 1 } });
    await world.plane().agents.revoke(updated.id);
    expect(await world.run(MINUTE, stateIs("rolled_back"))).toBe(true);
  });

  test("a return to a version that was yanked since then is made all the same", async () => {
    let isBroken = false;
    await begin({ agents: 6, ending: () => (isBroken ? "rolled_back" : "healthy") });
    await world
      .db()
      .updateTable("releases")
      .set({ state: "yanked" })
      .where("version", "=", "1.0.0")
      .execute();
    await world.create({
      maxInFlight: 2,
      failurePolicy: { threshold: { count: 1 }, action: "roll_back" },
    });
    await world.run(HOUR, async () => (await world.read()).counts.healthy >= 2);
    isBroken = true;
    await world.run(HOUR, stateIs("rolling_back"));
    isBroken = false;
    expect(await world.run(HOUR, ended)).toBe(true);
    expect(await world.read()).toMatchObject({ state: "rolled_back" });
    expect(versions()).toEqual(Array(6).fill("1.0.0"));
  });

  test("a return to a version that is no longer in the registry fails and says so", async () => {
    const broken = new Set<string>();
    await begin({
      agents: 6,
      releases: ["2.0.0"],
      ending: (id) => (broken.has(id) ? "rolled_back" : "healthy"),
    });
    await world.create({
      maxInFlight: 2,
      failurePolicy: { threshold: { count: 1 }, action: "roll_back" },
    });
    const updated = async () => (await world.read()).counts.healthy >= 2;
    await world.run(HOUR, updated);
    for (const { id } of world.agents) broken.add(id);
    expect(await world.run(HOUR, ended)).toBe(true);
    expect(await world.read()).toMatchObject({ state: "failed" });
    const [failed] = (await world.targets()).filter(({ purpose }) => purpose === "return");
    expect(failed).toMatchObject({ state: "failed", code: "RELEASE_NOT_READY" });
    expect(failed?.message).toContain("1.0.0");
  });

  test("a late outcome does not bring a target back, but what became of the host is kept", async () => {
    await begin({ agents: 1, ending: () => "silent" });
    await world.create({ failurePolicy: { threshold: { count: 5 } } });
    const failed = async () => (await world.read()).counts.failed === 1;
    expect(await world.run(HOUR, failed)).toBe(true);
    const [target] = await world.targets();
    const outcome = {
      schema: 1,
      targetId: target?.id ?? "",
      product: "app",
      result: "healthy",
      survivingVersion: "2.0.0",
      fromVersion: "1.0.0",
      toVersion: "2.0.0",
      code: null,
      message: "",
      outputTail: "",
      endedAt: 1,
      downtimeMs: 900,
    } as const;
    const { desk, agents } = world.plane();
    await desk.outcome("agent-00000", outcome);
    await desk.outcome("agent-00000", { ...outcome, survivingVersion: "9.9.9" });
    const [after] = await world.targets();
    expect(after).toMatchObject({ state: "failed", survivingVersion: "2.0.0", downtimeMs: 900 });
    expect(after?.message).toContain("told later: healthy, it runs 2.0.0");
    expect((await agents.read("agent-00000")).version).toBe("2.0.0");
    await expect(desk.outcome("agent-00000", { ...outcome, targetId: "nonsense" })).rejects.toMatchObject({
      code: "TARGET_UNKNOWN",
    });
  });
});

describe("agents that are away", () => {
  test("are dispatched when they return, and do not hold up the next wave", async () => {
    await begin({ agents: 10 });
    for (const agent of world.agents.slice(0, 3)) agent.disconnect();
    await world.create({});
    await world.run(HOUR);
    expect(await world.read()).toMatchObject({ state: "running", reason: "offline" });
    expect((await world.read()).counts).toMatchObject({ healthy: 7, pending: 3 });
    for (const agent of world.agents) agent.connect();
    expect(await world.run(MINUTE, ended)).toBe(true);
  });

  test("one whose stream stands a moment after its hello gets what was dispatched in between", async () => {
    await begin({ agents: 1 });
    const [agent] = world.agents;
    agent?.cut();
    await world.create({});
    await world.run(100);
    expect(agent?.taken.size).toBe(0);
    agent?.mend();
    expect(await world.run(MINUTE, ended)).toBe(true);
    expect(agent?.taken.size).toBe(1);
  });

  test("one that goes between the dispatch and its stream gets the same assignment when it is back, once", async () => {
    await begin({ agents: 1 });
    const [agent] = world.agents;
    // Its stream is cut at the very moment of the dispatch: the server does not know yet.
    agent?.cut();
    await world.create({});
    await world.run(1000);
    expect((await world.targets())[0]?.state).toBe("dispatched");
    expect(agent?.taken.size).toBe(0);
    world.plane().desk.disconnected("agent-00000");
    agent?.connect();
    expect(await world.run(MINUTE, ended)).toBe(true);
    expect(agent?.taken.size).toBe(1);
    await expectOnceEach();
  });
});

describe("an operator", () => {
  test("pauses and resumes; what is under way ends", async () => {
    await begin({ agents: 10 });
    const { id } = await world.create({ maxInFlight: 2 });
    await world.run(200);
    const paused = await world.plane().rollouts.act(id, "pause", OPERATOR);
    expect(paused).toMatchObject({ state: "paused", pauseCause: "operator" });
    await world.run(HOUR);
    expect((await world.read()).counts).toMatchObject({ healthy: 2, pending: 8, inProgress: 0 });
    await world.plane().rollouts.act(id, "resume", OPERATOR);
    expect(await world.run(HOUR, ended)).toBe(true);
    await expect(world.plane().rollouts.act(id, "pause", OPERATOR)).rejects.toMatchObject({
      code: "ROLLOUT_TRANSITION_INVALID",
    });
  });

  test("approves the next wave", async () => {
    await begin({ agents: 10 });
    const { id } = await world.create({
      strategy: { kind: "waves", waves: [{ count: 1 }, { percent: 100 }], settleMs: 0, approval: "manual" },
    });
    expect(await world.run(HOUR, stateIs("paused"))).toBe(true);
    expect(await world.read()).toMatchObject({ pauseCause: "approval_required", counts: { healthy: 1 } });
    await world.plane().rollouts.act(id, "approve", OPERATOR);
    expect(await world.run(HOUR, ended)).toBe(true);
    expect((await world.read()).counts.healthy).toBe(10);
  });

  test("of two people lets the next wave open, and neither of them alone", async () => {
    await begin({ agents: 10 });
    const waves = [{ count: 1 }, { percent: 100 }];
    const { id } = await world.create({
      strategy: { kind: "waves", waves, settleMs: 0, approval: "two_people" },
    });
    expect(await world.run(HOUR, stateIs("paused"))).toBe(true);
    const { rollouts } = world.plane();
    const once = await rollouts.act(id, "approve", OPERATOR);
    expect(once).toMatchObject({ state: "paused", waves: [{}, { approved: false, approvedBy: ["olga"] }] });
    await expect(rollouts.act(id, "approve", OPERATOR)).rejects.toMatchObject({
      code: "ROLLOUT_APPROVAL_REPEATED",
    });
    await world.restart();
    expect(await world.run(HOUR, ended)).toBe(false);
    await world.plane().rollouts.act(id, "approve", { name: "ada", role: "operator" });
    expect(await world.run(HOUR, ended)).toBe(true);
    expect((await world.read()).counts.healthy).toBe(10);
  });

  test("takes back a rollout that has ended, in one action", async () => {
    await begin({ agents: 10 });
    const { id } = await world.create({});
    expect(await world.run(HOUR, ended)).toBe(true);
    const taken = await world.plane().rollouts.act(id, "roll_back", OPERATOR);
    expect(taken).toMatchObject({ state: "rolling_back" });
    expect(await world.run(HOUR, stateIs("rolled_back"))).toBe(true);
    expect(new Set(versions())).toEqual(new Set(["1.0.0"]));
    await expectOnceEach();
    await expect(world.plane().rollouts.act(id, "roll_back", OPERATOR)).rejects.toMatchObject({
      code: "ROLLOUT_TRANSITION_INVALID",
    });
  });

  test("takes back a rollout that has halted: what was not updated stays as it is", async () => {
    await begin({ agents: 10, ending: (agentId) => (agentId === "agent-00003" ? "failed" : "healthy") });
    const { id } = await world.create({ maxInFlight: 1 });
    expect(await world.run(HOUR, stateIs("paused"))).toBe(true);
    await world.plane().rollouts.act(id, "roll_back", OPERATOR);
    expect(await world.run(HOUR, stateIs("rolled_back"))).toBe(true);
    expect(new Set(versions())).toEqual(new Set(["1.0.0"]));
    expect((await world.read()).counts.pending).toBe(0);
  });

  test("who restarts the server while a rollout is taken back finds it taken back", async () => {
    await begin({ agents: 10 });
    const { id } = await world.create({});
    expect(await world.run(HOUR, ended)).toBe(true);
    await world.plane().rollouts.act(id, "roll_back", OPERATOR);
    await world.restart("kill");
    expect(await world.run(HOUR, stateIs("rolled_back"))).toBe(true);
    expect(new Set(versions())).toEqual(new Set(["1.0.0"]));
  });

  test("cancels: what waits is left alone, what is under way ends", async () => {
    await begin({ agents: 10 });
    const { id } = await world.create({ maxInFlight: 3 });
    await world.run(200);
    await world.plane().rollouts.act(id, "cancel", OPERATOR);
    await world.run(HOUR);
    expect(await world.read()).toMatchObject({ state: "canceled", counts: { healthy: 3, canceled: 7 } });
  });

  test("cancels before anyone is under way", async () => {
    await begin({ agents: 3 });
    for (const agent of world.agents) agent.disconnect();
    const { id } = await world.create({});
    await world.run(1000);
    await world.plane().rollouts.act(id, "cancel", OPERATOR);
    await world.run(1000);
    expect(await world.read()).toMatchObject({ state: "canceled", counts: { pending: 0, canceled: 3 } });
  });

  test("retries what failed, as a new attempt", async () => {
    let isFixed = false;
    await begin({ agents: 4, ending: () => (isFixed ? "healthy" : "failed") });
    const { id } = await world.create({ failurePolicy: { threshold: { count: 1 } } });
    expect(await world.run(HOUR, stateIs("paused"))).toBe(true);
    await world.run(MINUTE);
    isFixed = true;
    await world.plane().rollouts.act(id, "retry", OPERATOR);
    expect((await world.read()).counts).toMatchObject({ planned: 4, pending: 4, failed: 0 });
    await world.plane().rollouts.act(id, "resume", OPERATOR);
    expect(await world.run(HOUR, ended)).toBe(true);
    expect(await world.read()).toMatchObject({ state: "completed", counts: { planned: 4, healthy: 4 } });
    expect((await world.targets()).map(({ attempt }) => attempt)).toEqual([2, 2, 2, 2]);
    const history = await world.plane().agents.targets("agent-00000", { limit: 10 });
    expect(history.items.map(({ attempt, state }) => [attempt, state])).toEqual([
      [2, "healthy"],
      [1, "failed"],
    ]);
  });

  test("says the way on for what failed below the threshold, once the rollout has ended", async () => {
    let isFixed = false;
    const ending = (id: string) => (id === "agent-00002" && !isFixed ? "failed" : "healthy");
    await begin({ agents: 4, ending });
    const { id } = await world.create({ failurePolicy: { threshold: { count: 2 } } });
    expect(await world.run(HOUR, ended)).toBe(true);
    expect(await world.read()).toMatchObject({ state: "completed", counts: { healthy: 3, failed: 1 } });
    await expect(world.plane().rollouts.act(id, "retry", OPERATOR)).rejects.toMatchObject({
      code: "ROLLOUT_TRANSITION_INVALID",
      details: { problem: expect.stringContaining("1 agent failed: another rollout of this version") },
    });
    isFixed = true;
    const next = await world.create({});
    expect(next.counts.planned).toBe(1);
    const endedAgain = async () => (await world.plane().rollouts.read(next.id)).endedAt !== null;
    expect(await world.run(HOUR, endedAgain)).toBe(true);
    expect(world.agent("agent-00002").version).toBe("2.0.0");
  });

  test("yanks the release: its rollouts pause and stay paused", async () => {
    await begin({ agents: 10 });
    const { id } = await world.create({ maxInFlight: 2 });
    await world.run(200);
    await world.plane().pauseRolloutsOf({ product: "app", version: "2.0.0" });
    await world.plane().pauseRolloutsOf({ product: "app", version: "2.0.0" });
    expect(await world.read()).toMatchObject({ state: "paused", pauseCause: "release_yanked" });
    await expect(world.plane().rollouts.act(id, "resume", OPERATOR)).rejects.toMatchObject({
      code: "ROLLOUT_TRANSITION_INVALID",
    });
  });
});

describe("two rollouts", () => {
  test("an agent in one is not taken by another, and the preview says so", async () => {
    await begin({ agents: 4, releases: ["1.0.0", "2.0.0", "3.0.0"] });
    for (const agent of world.agents) agent.disconnect();
    await world.run(2000);
    await world.create({ cohort: { kind: "agents", ids: ["agent-00000", "agent-00001"] } });
    const preview = await world.plane().rollouts.preview({
      product: "app",
      version: "3.0.0",
      cohort: { kind: "all" },
      strategy: { kind: "immediate" },
    });
    expect(preview).toMatchObject({ ready: 2, offline: 2, excluded: 2, plannedBytes: 2000 });
    expect(preview.reasons).toEqual([
      { reason: "other_rollout", count: 2, agentIds: ["agent-00000", "agent-00001"] },
    ]);
  });

  test("an emergency overtakes what waits, and the other goes on after it", async () => {
    await begin({ agents: 6, releases: ["1.0.0", "2.0.0", "2.0.1"] });
    const slow = await world.create({ maxInFlight: 1, allowDowngrade: true });
    await world.run(100);
    const emergency = await world.create({ version: "2.0.1", priority: "emergency", allowDowngrade: true });
    expect(await world.run(MINUTE, ended)).toBe(true);
    expect((await world.read()).counts.healthy).toBe(6);
    const other = async () => (await world.plane().rollouts.read(slow.id)).endedAt !== null;
    expect(await world.run(HOUR, other)).toBe(true);
    const order = [...world.agent("agent-00003").taken.values()].map(({ rolloutId }) => rolloutId);
    expect(order).toEqual([emergency.id, slow.id]);
  });

  test("what waits is not sent to agents that an emergency has brought to a newer version", async () => {
    await begin({ agents: 6, releases: ["1.0.0", "2.0.0", "2.0.1"] });
    const slow = await world.create({ maxInFlight: 1 });
    await world.run(100);
    await world.create({ version: "2.0.1", priority: "emergency" });
    expect(await world.run(MINUTE, ended)).toBe(true);
    const other = () => world.plane().rollouts.read(slow.id);
    expect(await world.run(HOUR, async () => (await other()).endedAt !== null)).toBe(true);
    expect(await other()).toMatchObject({
      state: "completed",
      touched: 1,
      counts: { healthy: 1, canceled: 5 },
    });
    expect(versions()).toEqual(Array(6).fill("2.0.1"));
  });

  test("a return waits no more for an agent that an emergency has brought to another version", async () => {
    await begin({
      agents: 2,
      releases: ["1.0.0", "2.0.0", "2.0.1"],
      ending: (id, { version }) => (id === "agent-00001" && version === "2.0.0" ? "failed" : "healthy"),
    });
    const [updated, failing] = world.agents as [FakeAgent, FakeAgent];
    failing.disconnect();
    const bad = await world.create({ failurePolicy: { threshold: { count: 1 }, action: "roll_back" } });
    const readBad = () => world.plane().rollouts.read(bad.id);
    expect(await world.run(MINUTE, async () => (await readBad()).counts.healthy === 1)).toBe(true);
    updated.disconnect();
    failing.connect();
    expect(await world.run(MINUTE, async () => (await readBad()).state === "rolling_back")).toBe(true);
    await world.create({ version: "2.0.1", priority: "emergency" });
    await world.run(1000);
    updated.connect();
    expect(await world.run(MINUTE, ended)).toBe(true);
    expect(await world.run(MINUTE, async () => (await readBad()).state === "rolled_back")).toBe(true);
    expect(updated.version).toBe("2.0.1");
  });
});

// The world's clock begins at a moment of its own: windows are so many hours after it.
const hoursFromNow = (hours: number) => new Date(world.clock.now() + hours * HOUR).getUTCHours();
const windowIn = (hours: number) => [
  { rule: `FREQ=DAILY;BYHOUR=${hoursFromNow(hours)};BYMINUTE=0`, durationMs: HOUR, timeZone: "UTC" },
];

describe("hours", () => {
  test("nothing is dispatched before the window opens, and then by itself", async () => {
    await begin({ agents: 3 });
    await world.create({ windows: windowIn(2) });
    expect(await world.run(30 * MINUTE, ended)).toBe(false);
    expect(await world.read()).toMatchObject({ reason: "outside_window", touched: 0 });
    expect(await world.run(3 * HOUR, ended)).toBe(true);
    expect(await world.read()).toMatchObject({ state: "completed", counts: { healthy: 3 } });
  });

  test("an emergency waits for no window", async () => {
    await begin({ agents: 3 });
    await world.create({ windows: windowIn(2), priority: "emergency" });
    expect(await world.run(10 * MINUTE, ended)).toBe(true);
  });

  test("a freeze holds back what is not under way, until it is over or called off", async () => {
    await begin({ agents: 3 });
    const written: string[] = [];
    const note = async (...deeds: readonly { readonly action: string }[]) =>
      void written.push(...deeds.map(({ action }) => action));
    const caller = {
      actor: { name: "ada", role: "operator" },
      audit: {
        record: note,
        recordIn: (_: unknown, ...deeds: readonly { readonly action: string }[]) => note(...deeds),
      },
    } as const;
    const { freezes } = world.plane();
    const now = world.clock.now();
    const freeze = await freezes.add({ name: "end of year", from: now, until: now + 48 * HOUR }, caller);
    await world.create({});
    expect(await world.run(HOUR, ended)).toBe(false);
    expect(await world.read()).toMatchObject({ reason: "frozen", touched: 0 });
    await world.restart();
    expect(world.plane().freezes.list()).toEqual([freeze]);
    expect(await world.run(HOUR, ended)).toBe(false);
    await world.plane().freezes.remove(freeze.id, caller);
    expect(await world.run(10 * MINUTE, ended)).toBe(true);
    expect(written).toEqual(["freeze.create", "freeze.remove"]);
    const over = { name: "over", from: now - HOUR, until: now };
    await expect(freezes.add(over, caller)).rejects.toMatchObject({ code: "FREEZE_INVALID" });
  });
});
