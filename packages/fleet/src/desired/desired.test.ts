import { OPERATOR } from "../testing/operator.ts";
import { agentDesiredSchema, groupStatusSchema, type PutDesired } from "@muster/protocol/http";
import { afterEach, describe, expect, test, vi } from "vitest";
import { insertAll } from "../store/bulk.ts";
import type { Ending } from "../testing/fake-agent.ts";
import { createFleetWorld, type FleetWorld, type WorldOptions } from "../testing/fleet-world.ts";
import { anArtifact, aRelease } from "../testing/rows.ts";

// Whole fleets over a database file, on a machine that may be busy.
vi.setConfig({ testTimeout: 30_000 });

const ACTOR = { name: "tester", role: "operator" } as const;
const MINUTE = 60_000;
const KEY = { group: "fleet", product: "app" } as const;
const FOLLOW: PutDesired = {
  track: { kind: "channel", channel: "stable" },
  plan: {
    strategy: {
      kind: "waves",
      waves: [{ count: 1 }, { percent: 100 }],
      settleMs: 1000,
      approval: "automatic",
    },
    limits: { stabilizationMs: 0 },
    followUp: { everyMs: 30_000, atMost: 2, offlineAfterMs: 5 * MINUTE },
  },
};

let world: FleetWorld;
afterEach(() => world.close());

async function begin(options: Partial<WorldOptions> = {}, request: PutDesired = FOLLOW): Promise<void> {
  world = await createFleetWorld({ agents: 5, releases: ["1.0.0"], ...options });
  await world.plane().groups.create({ name: "fleet", rule: "" }, ACTOR);
  await world.plane().desired.put(KEY, request, ACTOR);
  await world.settle();
}

async function publish(version: string, channel = "stable"): Promise<void> {
  await insertAll(world.db(), "releases", [aRelease(version, { channel })]);
  await insertAll(world.db(), "artifacts", [anArtifact(version)]);
  // The registry would tell the bus.
  await world.plane().desired.put(KEY, FOLLOW, ACTOR);
}

const status = async () => {
  const view = await world.plane().desired.status("fleet");
  expect(groupStatusSchema.parse(view)).toEqual(view);
  const [desired] = view.desired;
  if (!desired) throw new Error("nothing is desired");
  return desired;
};
const rollouts = async () => (await world.plane().rollouts.list({ limit: 100 })).items.toReversed();
const versions = () => world.agents.map(({ version }) => version);
const drift = async () =>
  Object.fromEntries((await status()).drift.map(({ reason, count }) => [reason, count]));

describe("a group that follows a channel", () => {
  test("brings its agents to a new release by itself, with its plan", async () => {
    await begin();
    expect(await status()).toMatchObject({ version: "1.0.0", agents: 5, converged: 5, phase: "following" });
    expect(await rollouts()).toEqual([]);
    await publish("2.0.0");
    await world.run(10 * MINUTE);
    expect(versions()).toEqual(Array.from({ length: 5 }, () => "2.0.0"));
    const [rollout, ...others] = await rollouts();
    expect(others).toEqual([]);
    expect(rollout).toMatchObject({
      state: "completed",
      createdBy: "group fleet",
      spec: { version: "2.0.0", cohort: { kind: "group" } },
    });
    expect(rollout?.waves).toHaveLength(2);
    expect(await status()).toMatchObject({ version: "2.0.0", converged: 5, drift: [] });
  });

  test("takes no release of another channel, and goes back to none", async () => {
    await begin({ version: "3.0.0" });
    await publish("4.0.0", "beta");
    await world.run(5 * MINUTE);
    expect(await rollouts()).toEqual([]);
    expect(await drift()).toEqual({ downgrade: 5 });
  });

  test("lets those who were away follow in small rollouts when they return", async () => {
    await begin();
    const [away, ...present] = world.agents;
    if (!away) throw new Error("nobody");
    away.disconnect();
    await publish("2.0.0");
    // The release's own rollout waits for it only so long.
    await world.run(20 * MINUTE);
    expect(present.map(({ version }) => version)).toEqual(present.map(() => "2.0.0"));
    expect(await drift()).toEqual({ offline: 1 });
    expect((await rollouts()).map(({ state }) => state)).toEqual(["completed"]);
    away.connect();
    await world.run(5 * MINUTE);
    expect(away.version).toBe("2.0.0");
    expect((await rollouts()).map(({ state, spec }) => [state, spec.strategy.kind])).toEqual([
      ["completed", "waves"],
      ["completed", "immediate"],
    ]);
  });

  test("begins nothing after a halt until an operator acts, and then tries again", async () => {
    let ending: Ending = "rolled_back";
    await begin({ ending: () => ending });
    await publish("2.0.0");
    await world.run(30 * MINUTE);
    const [halted, ...others] = await rollouts();
    expect(others).toEqual([]);
    expect(halted).toMatchObject({ state: "paused", pauseCause: "failure_threshold" });
    expect(await status()).toMatchObject({ phase: "held", rolloutId: halted?.id });
    await world.plane().rollouts.act(halted?.id ?? "", "cancel", OPERATOR);
    await world.run(30 * MINUTE);
    expect(await rollouts()).toHaveLength(1);
    expect(await status()).toMatchObject({ phase: "held", why: "a rollout of this version was canceled" });
    expect(await drift()).toEqual({ failed_before: 1, held: 4 });
    ending = "healthy";
    await world.plane().desired.clear(KEY, ACTOR);
    await world.run(30 * MINUTE);
    expect(versions()).toEqual(Array.from({ length: 5 }, () => "2.0.0"));
  });

  test("does not offer a version again to a host on which it failed", async () => {
    await begin(
      { ending: (agentId) => (agentId === "agent-00002" ? "rolled_back" : "healthy") },
      { ...FOLLOW, plan: { ...FOLLOW.plan, failurePolicy: { threshold: { count: 3 } } } },
    );
    await insertAll(world.db(), "releases", [aRelease("2.0.0")]);
    await insertAll(world.db(), "artifacts", [anArtifact("2.0.0")]);
    const { track, plan } = FOLLOW;
    await world
      .plane()
      .desired.put(KEY, { track, plan: { ...plan, failurePolicy: { threshold: { count: 3 } } } }, ACTOR);
    await world.run(60 * MINUTE);
    expect((await rollouts()).map(({ state }) => state)).toEqual(["completed"]);
    expect(await drift()).toEqual({ failed_before: 1 });
    const desired = await world.plane().desired.ofAgent("agent-00002");
    expect(agentDesiredSchema.parse(desired)).toMatchObject({
      group: "fleet",
      version: "2.0.0",
      drift: "failed_before",
    });
  });
});

const pinned = (version: string, allowDowngrade = false): PutDesired => ({
  ...FOLLOW,
  track: { kind: "version", version, allowDowngrade },
});

describe("a group that is pinned", () => {
  test("goes down only with permission", async () => {
    await begin({ version: "2.0.0", releases: ["1.0.0", "2.0.0"] }, pinned("1.0.0"));
    await world.run(10 * MINUTE);
    expect(await rollouts()).toEqual([]);
    expect(await drift()).toEqual({ downgrade: 5 });
    await world.plane().desired.put(KEY, pinned("1.0.0", true), ACTOR);
    await world.run(10 * MINUTE);
    expect(versions()).toEqual(Array.from({ length: 5 }, () => "1.0.0"));
  });

  test("says so when its release is not there or was yanked", async () => {
    await begin({ releases: ["1.0.0"] }, pinned("9.0.0"));
    expect(await status()).toMatchObject({
      phase: "no_release",
      why: "the version is not published",
      version: null,
    });
    await world.db().updateTable("releases").set({ state: "yanked" }).execute();
    const view = await world.plane().desired.put(KEY, pinned("1.0.0"), ACTOR);
    expect(view).toMatchObject({ phase: "no_release", why: "the release was yanked" });
  });
});

describe("an agent in several groups", () => {
  test("follows the one with the highest priority, and no other", async () => {
    await begin(
      { releases: ["1.0.0", "2.0.0", "3.0.0"] },
      {
        ...FOLLOW,
        track: { kind: "version", version: "2.0.0" },
      },
    );
    const { groups, desired, agents } = world.plane();
    await groups.create({ name: "canary", rule: "ring=1", priority: 10 }, ACTOR);
    await agents.putLabels("agent-00003", { labels: { ring: "1" } });
    await desired.put(
      { group: "canary", product: "app" },
      { ...FOLLOW, track: { kind: "version", version: "3.0.0" } },
      ACTOR,
    );
    await world.run(20 * MINUTE);
    expect(world.agent("agent-00003").version).toBe("3.0.0");
    expect(versions().toSorted()).toEqual(["2.0.0", "2.0.0", "2.0.0", "2.0.0", "3.0.0"]);
    expect(await status()).toMatchObject({ agents: 4, converged: 4 });
    const before = (await rollouts()).length;
    await world.run(60 * MINUTE);
    expect(await rollouts()).toHaveLength(before);
  });
});

describe("the server", () => {
  test("goes on after a kill at any moment, without a second rollout", async () => {
    await begin();
    await publish("2.0.0");
    for (const pause of [10, 500, 1500, 2500]) {
      await world.run(pause);
      await world.restart("kill");
    }
    await world.run(30 * MINUTE);
    expect(versions()).toEqual(Array.from({ length: 5 }, () => "2.0.0"));
    expect((await rollouts()).filter(({ spec }) => spec.strategy.kind === "waves")).toHaveLength(1);
  });
});
