import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { OPEN_POLICY } from "../policy/local-policy.ts";
import { compareVersions } from "../release/version.ts";
import { isRolloutEnded } from "../rollout/rollout-machine.ts";
import type { RolloutState, Target } from "../rollout/rollout.ts";
import { aRollout, aTarget } from "../testing/rollout-fixtures.ts";
import {
  type DesiredRelease,
  type DesiredState,
  type DriftingAgent,
  type GroupRollout,
  parseTrack,
  specifyDesiredPlan,
  type Track,
} from "./desired-state.ts";
import { DRIFT_TEXT, driftReason } from "./drift.ts";
import { offlineWait } from "./offline.ts";
import { type DesiredDecision, nextDesiredAt, planDesiredState } from "./plan-desired-state.ts";
import { surveyDesired } from "./survey-desired.ts";

const MINUTE = 60_000;
const plan = specifyDesiredPlan({
  strategy: { kind: "batches", size: 5, delayMs: 1000 },
  followUp: { everyMs: MINUTE, atMost: 2, offlineAfterMs: 10 * MINUTE },
});
const aState = (track: Track, changes: Partial<DesiredState> = {}): DesiredState => ({
  groupId: "g",
  product: "app",
  track,
  plan,
  clearedAt: 0,
  ...changes,
});
const STABLE: Track = { kind: "channel", channel: "stable" };
const aRelease = (version: string, changes: Partial<DesiredRelease> = {}): DesiredRelease => ({
  product: "app",
  version,
  channel: "stable",
  state: "ready",
  artifacts: [{ os: "linux", arch: "amd64", size: 1 }],
  ...changes,
});
const aGroupRollout = (state: RolloutState, changes: Partial<GroupRollout> = {}): GroupRollout => ({
  id: "r1",
  groupId: "g",
  product: "app",
  version: "2.0.0",
  kind: "release",
  state,
  createdAt: 0,
  endedAt: isRolloutEnded(state) ? 100 : null,
  waitsForOfflineSince: null,
  ...changes,
});
const anAgent = (id: string, changes: Partial<DriftingAgent> = {}): DriftingAgent => ({
  id,
  product: "app",
  version: "1.0.0",
  os: "linux",
  arch: "amd64",
  labels: {},
  capabilities: ["update"],
  policy: OPEN_POLICY,
  online: true,
  revoked: false,
  past: "none",
  ...changes,
});
const planned = (
  rollouts: readonly GroupRollout[],
  agents: readonly DriftingAgent[],
  { now = 1_000_000, state = aState(STABLE), releases = [aRelease("1.0.0"), aRelease("2.0.0")] } = {},
): DesiredDecision[] =>
  planDesiredState({ states: [state], releases, rollouts, agents: () => agents, busy: () => false, now });

describe("a release that has become ready", () => {
  test("is rolled out with the whole plan, to those who are away too", () => {
    const [decision, ...others] = planned([], [anAgent("a"), anAgent("b", { online: false })]);
    expect(others).toEqual([]);
    expect(decision).toMatchObject({
      kind: "start_rollout",
      rollout: "release",
      agentIds: ["a", "b"],
      spec: {
        version: "2.0.0",
        cohort: { kind: "group", id: "g" },
        strategy: { kind: "batches" },
        allowDowngrade: false,
      },
    });
  });

  test("is followed by those who come later, few at a time, at once, when they are there", () => {
    const done = [aGroupRollout({ kind: "completed" })];
    const agents = [anAgent("a"), anAgent("b", { online: false }), anAgent("c"), anAgent("d")];
    expect(planned(done, agents)).toMatchObject([
      { rollout: "follow_up", agentIds: ["a", "c"], spec: { strategy: { kind: "immediate" } } },
    ]);
    expect(planned(done, agents, { now: MINUTE - 1 })).toEqual([]);
    const states = [aState(STABLE)];
    expect(nextDesiredAt({ states, releases: [aRelease("2.0.0")], rollouts: done, now: 5 })).toBe(MINUTE);
  });

  test("waits for the rollout before it, whichever version that has", () => {
    for (const version of ["1.5.0", "2.0.0"]) {
      expect(planned([aGroupRollout({ kind: "running" }, { version })], [anAgent("a")])).toEqual([]);
    }
  });

  test("is offered to nobody who cannot take it, or on whom it has failed", () => {
    const others = [
      anAgent("a", { past: "failed" }),
      anAgent("b", { past: "taken_back" }),
      anAgent("c", { os: "windows" }),
      anAgent("d", { policy: { updates: false, maintenance: false } }),
      anAgent("e", { version: "3.0.0" }),
      anAgent("f", { capabilities: [] }),
    ];
    expect(planned([], others)).toEqual([]);
    const survey = surveyDesired(aState(STABLE), [aRelease("2.0.0")], []);
    expect(others.map((agent) => driftReason(agent, survey, () => false))).toEqual([
      "failed_before",
      "taken_back",
      "no_artifact",
      "updates_disabled",
      "downgrade",
      "no_update_capability",
    ]);
  });
});

describe("a rollout that went wrong", () => {
  const bad: readonly RolloutState[] = [
    { kind: "canceled" },
    { kind: "failed", code: "ROLLOUT_NO_SUCCESS", message: "" },
    { kind: "rolled_back" },
  ];

  test.each(bad.map((state) => ({ state, name: state.kind })))(
    "$name holds until an operator clears it",
    ({ state }) => {
      const rollouts = [aGroupRollout(state)];
      expect(planned(rollouts, [anAgent("a")])).toEqual([]);
      expect(surveyDesired(aState(STABLE), [aRelease("2.0.0")], rollouts).phase).toMatchObject({
        kind: "held",
        rolloutId: "r1",
      });
      const cleared = aState(STABLE, { clearedAt: 100 });
      expect(planned(rollouts, [anAgent("a")], { state: cleared })).toMatchObject([{ rollout: "release" }]);
    },
  );

  test("does not hold back a newer release", () => {
    const releases = [aRelease("2.0.0"), aRelease("2.1.0")];
    expect(
      planned([aGroupRollout({ kind: "failed", code: "ROLLOUT_NO_SUCCESS", message: "" })], [anAgent("a")], {
        releases,
      }),
    ).toMatchObject([{ spec: { version: "2.1.0" } }]);
  });

  test("what is paused by an operator or a halt is held, what is paused by its plan is under way", () => {
    const phase = (state: RolloutState) =>
      surveyDesired(aState(STABLE), [aRelease("2.0.0")], [aGroupRollout(state)]).phase.kind;
    expect(phase({ kind: "paused", cause: "failure_threshold" })).toBe("held");
    expect(phase({ kind: "paused", cause: "operator" })).toBe("held");
    expect(phase({ kind: "paused", cause: "approval_required" })).toBe("rolling_out");
    expect(phase({ kind: "rolling_back" })).toBe("held");
  });
});

test("a yanked release is no way forward, and no reason to go back", () => {
  const releases = [aRelease("1.0.0"), aRelease("2.0.0", { state: "yanked" })];
  expect(planned([], [anAgent("a", { version: "2.0.0" })], { releases })).toEqual([]);
  const pinned = aState({ kind: "version", version: "2.0.0", allowDowngrade: false });
  expect(surveyDesired(pinned, releases, []).phase).toEqual({ kind: "no_release", why: "yanked" });
});

test("a rollout that waits for nobody but the absent lets them go in time", () => {
  const waiting = [aGroupRollout({ kind: "running" }, { waitsForOfflineSince: 50 })];
  expect(planned(waiting, [], { now: 10 * MINUTE + 49 })).toEqual([]);
  expect(planned(waiting, [], { now: 10 * MINUTE + 50 })).toEqual([
    { kind: "let_offline_go", rolloutId: "r1" },
  ]);
});

test("a rollout waits for the absent only when nothing else of it is left", () => {
  const rollout = { ...aRollout(), state: { kind: "running" as const }, since: 5 };
  const target = ({ id = "", state, ...change }: Partial<Target>) => aTarget(id, state, change);
  const offline = target({ id: "t1", agentId: "a", reason: "offline" });
  const healthy = target({ id: "t2", agentId: "b", state: { kind: "healthy" }, since: 90 });
  expect(offlineWait(rollout, [offline, healthy])).toEqual({ since: 90, targets: [offline] });
  expect(offlineWait(rollout, [healthy])).toBeNull();
  for (const other of [{ reason: "earlier_wave" as const }, { state: { kind: "staging" as const } }]) {
    expect(offlineWait(rollout, [offline, target({ id: "t3", agentId: "c", ...other })])).toBeNull();
  }
  expect(offlineWait({ ...rollout, state: { kind: "paused", cause: "operator" } }, [offline])).toBeNull();
});

test("what is asked for is checked, and gets the defaults of every rollout", () => {
  expect(parseTrack({ kind: "version", version: "1.0.0" })).toEqual({
    kind: "version",
    version: "1.0.0",
    allowDowngrade: false,
  });
  expect(() => parseTrack({ kind: "channel", channel: "Not A Name" })).toThrow(
    expect.objectContaining({ code: "ROLLOUT_PLAN_INVALID" }),
  );
  expect(plan).toMatchObject({ maxInFlight: 250, failurePolicy: { threshold: { count: 1 } } });
  expect(plan).not.toHaveProperty("cohort");
  // What was specified once can be read again.
  expect(specifyDesiredPlan(plan)).toEqual(plan);
  expect(Object.values(DRIFT_TEXT).every((text) => text.length > 10)).toBe(true);
});

/** One thing that happens in a small world of one group. */
type Step =
  | { readonly kind: "publish"; readonly minor: number; readonly channel: string }
  | { readonly kind: "yank"; readonly minor: number }
  | { readonly kind: "join" | "leave" | "return"; readonly agent: number }
  | {
      readonly kind: "end";
      readonly how: "completed" | "canceled" | "failed" | "rolled_back" | "paused";
      readonly bad: number;
    }
  | { readonly kind: "clear" }
  | { readonly kind: "wait" };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant("publish" as const),
    minor: fc.integer({ min: 0, max: 5 }),
    channel: fc.constantFrom("stable", "beta"),
  }),
  fc.record({ kind: fc.constant("yank" as const), minor: fc.integer({ min: 0, max: 5 }) }),
  fc.record({ kind: fc.constantFrom("join", "leave", "return"), agent: fc.integer({ min: 0, max: 4 }) }),
  fc.record({
    kind: fc.constant("end" as const),
    how: fc.constantFrom("completed", "completed", "canceled", "failed", "rolled_back", "paused"),
    bad: fc.integer({ min: -3, max: 4 }),
  }),
  fc.constantFrom<Step>({ kind: "clear" }, { kind: "wait" }, { kind: "wait" }),
);

class World {
  now = 1;
  clearedAt = 0;
  readonly releases = new Map<string, DesiredRelease>([["1.0.0", aRelease("1.0.0")]]);
  readonly agents = new Map<string, { version: string; online: boolean; failed: Map<string, number> }>();
  rollouts: GroupRollout[] = [];
  readonly members = new Map<string, readonly string[]>();
  readonly track: Track;
  constructor(track: Track) {
    this.track = track;
  }

  state(): DesiredState {
    return aState(this.track, { clearedAt: this.clearedAt });
  }

  plan(): DesiredDecision[] {
    const agents = (_: DesiredState, release: DesiredRelease) =>
      [...this.agents].flatMap(([id, { version, online, failed }]) => {
        const past = (failed.get(release.version) ?? -1) > this.clearedAt ? "failed" : "none";
        return version === release.version ? [] : [anAgent(id, { version, online, past })];
      });
    const releases = [...this.releases.values()];
    return planDesiredState({
      states: [this.state()],
      releases,
      rollouts: this.rollouts,
      agents,
      busy: () => false,
      now: this.now,
    });
  }

  /** Carries out what is planned, and holds every decision to what is promised. */
  carryOut(): number {
    const decisions = this.plan();
    for (const decision of decisions) {
      if (decision.kind !== "start_rollout") continue;
      const { version, allowDowngrade } = decision.spec;
      expect(this.rollouts.every(({ state }) => isRolloutEnded(state))).toBe(true);
      const spoilt = this.rollouts.some(
        (before) =>
          before.version === version &&
          ["canceled", "failed", "rolled_back"].includes(before.state.kind) &&
          (before.endedAt ?? 0) > this.clearedAt,
      );
      expect(spoilt).toBe(false);
      expect(this.releases.get(version)?.state).toBe("ready");
      for (const id of decision.agentIds) {
        const agent = this.agents.get(id);
        expect((agent?.failed.get(version) ?? -1) > this.clearedAt).toBe(false);
        if (!allowDowngrade) expect(compareVersions(version, agent?.version ?? "0.0.0")).toBe(1);
        if (decision.rollout === "follow_up") expect(agent?.online).toBe(true);
      }
      const id = `r${this.rollouts.length}`;
      this.members.set(id, decision.agentIds);
      this.rollouts.push(
        aGroupRollout({ kind: "running" }, { id, version, kind: decision.rollout, createdAt: this.now }),
      );
    }
    expect(decisions.length).toBeLessThanOrEqual(1);
    expect(this.plan()).toEqual([]);
    return decisions.length;
  }

  end(how: "completed" | "canceled" | "failed" | "rolled_back" | "paused", bad: number): void {
    this.rollouts = this.rollouts.map((rollout) => {
      if (isRolloutEnded(rollout.state)) return rollout;
      if (how === "paused") return { ...rollout, state: { kind: "paused", cause: "failure_threshold" } };
      for (const [index, id] of (this.members.get(rollout.id) ?? []).entries()) {
        const agent = this.agents.get(id);
        if (index === bad || how === "failed") agent?.failed.set(rollout.version, this.now);
        else if (agent?.online && how === "completed") agent.version = rollout.version;
      }
      const state: RolloutState =
        how === "failed" ? { kind: how, code: "ROLLOUT_NO_SUCCESS", message: "" } : { kind: how };
      return { ...rollout, state, endedAt: this.now };
    });
  }

  take(done: Step): void {
    this.now += 1;
    if (done.kind === "publish") {
      const version = `1.${done.minor}.0`;
      if (!this.releases.has(version))
        this.releases.set(version, aRelease(version, { channel: done.channel }));
    } else if (done.kind === "yank") {
      const release = this.releases.get(`1.${done.minor}.0`);
      if (release) this.releases.set(release.version, { ...release, state: "yanked" });
    } else if (done.kind === "end") this.end(done.how, done.bad);
    else if (done.kind === "clear") this.clearedAt = this.now;
    else if (done.kind === "wait") this.now += 2 * MINUTE;
    else this.move(done.kind, `a${done.agent}`);
  }

  move(kind: "join" | "leave" | "return", id: string): void {
    const agent = this.agents.get(id) ?? {
      version: "1.0.0",
      online: true,
      failed: new Map<string, number>(),
    };
    this.agents.set(id, { ...agent, online: kind !== "leave" });
  }
}

describe("over random histories of releases, agents, rollouts and operators", () => {
  const track = fc.constantFrom<Track>(
    STABLE,
    { kind: "version", version: "1.2.0", allowDowngrade: false },
    { kind: "version", version: "1.0.0", allowDowngrade: true },
  );

  test("one rollout at most is under way, none to what went wrong, none down or to nobody's good", () => {
    fc.assert(
      fc.property(track, fc.array(step, { maxLength: 60 }), (following, steps) => {
        const world = new World(following);
        for (const done of steps) {
          world.take(done);
          world.carryOut();
        }
      }),
      { numRuns: 400 },
    );
  });

  test("when nothing happens any more and everything works, it comes to rest with everybody there", () => {
    fc.assert(
      fc.property(track, fc.array(step, { maxLength: 40 }), (following, steps) => {
        const world = new World(following);
        for (const done of steps) {
          world.take(done);
          world.carryOut();
        }
        world.end("completed", -1);
        world.take({ kind: "clear" });
        for (const id of world.agents.keys()) world.move("return", id);
        let rounds = 0;
        for (; rounds < 20; rounds += 1) {
          world.take({ kind: "wait" });
          if (world.carryOut() === 0) break;
          world.end("completed", -1);
        }
        expect(rounds).toBeLessThan(20);
        const wanted = surveyDesired(world.state(), [...world.releases.values()], world.rollouts).release;
        if (wanted === null) return;
        for (const { version } of world.agents.values()) {
          const isThere = version === wanted.version;
          expect(isThere || compareVersions(version, wanted.version) > 0).toBe(true);
        }
      }),
      { numRuns: 300 },
    );
  });
});
