import { describe, expect, test } from "vitest";
import type { RolloutState, Target } from "../rollout/rollout.ts";
import {
  aDesiredRelease,
  aDesiredState,
  aDriftingAgent,
  aGroupRollout,
  DESIRED_PLAN,
  STABLE,
} from "../testing/desired-fixtures.ts";
import { aRollout, aTarget } from "../testing/rollout-fixtures.ts";
import { type DriftingAgent, type GroupRollout, parseTrack, specifyDesiredPlan } from "./desired-state.ts";
import { DRIFT_TEXT, driftReason } from "./drift.ts";
import { offlineWait } from "./offline.ts";
import { type DesiredDecision, nextDesiredAt, planDesiredState } from "./plan-desired-state.ts";
import { surveyDesired } from "./survey-desired.ts";

const MINUTE = 60_000;
const planned = (
  rollouts: readonly GroupRollout[],
  agents: readonly DriftingAgent[],
  {
    now = 1_000_000,
    state = aDesiredState(STABLE),
    releases = [aDesiredRelease("1.0.0"), aDesiredRelease("2.0.0")],
  } = {},
): DesiredDecision[] =>
  planDesiredState({ states: [state], releases, rollouts, agents: () => agents, busy: () => false, now });

const phase = (state: RolloutState) =>
  surveyDesired(aDesiredState(STABLE), [aDesiredRelease("2.0.0")], [aGroupRollout(state)]).phase.kind;

const target = ({ id = "", state, ...change }: Partial<Target>) => aTarget(id, state, change);

describe("a release that has become ready", () => {
  test("is rolled out with the whole plan, to those who are away too", () => {
    const [decision, ...others] = planned([], [aDriftingAgent("a"), aDriftingAgent("b", { online: false })]);
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
    const agents = [
      aDriftingAgent("a"),
      aDriftingAgent("b", { online: false }),
      aDriftingAgent("c"),
      aDriftingAgent("d"),
    ];
    expect(planned(done, agents)).toMatchObject([
      { rollout: "follow_up", agentIds: ["a", "c"], spec: { strategy: { kind: "immediate" } } },
    ]);
    expect(planned(done, agents, { now: MINUTE - 1 })).toEqual([]);
    const states = [aDesiredState(STABLE)];
    expect(nextDesiredAt({ states, releases: [aDesiredRelease("2.0.0")], rollouts: done, now: 5 })).toBe(
      MINUTE,
    );
  });

  test("waits for the rollout before it, whichever version that has", () => {
    for (const version of ["1.5.0", "2.0.0"]) {
      expect(planned([aGroupRollout({ kind: "running" }, { version })], [aDriftingAgent("a")])).toEqual([]);
    }
  });

  test("is offered to nobody who cannot take it, or on whom it has failed", () => {
    const others = [
      aDriftingAgent("a", { past: "failed" }),
      aDriftingAgent("b", { past: "taken_back" }),
      aDriftingAgent("c", { os: "windows" }),
      aDriftingAgent("d", { policy: { updates: false, maintenance: false } }),
      aDriftingAgent("e", { version: "3.0.0" }),
      aDriftingAgent("f", { capabilities: [] }),
    ];
    expect(planned([], others)).toEqual([]);
    const survey = surveyDesired(aDesiredState(STABLE), [aDesiredRelease("2.0.0")], []);
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
      expect(planned(rollouts, [aDriftingAgent("a")])).toEqual([]);
      expect(surveyDesired(aDesiredState(STABLE), [aDesiredRelease("2.0.0")], rollouts).phase).toMatchObject({
        kind: "held",
        rolloutId: "r1",
      });
      const cleared = aDesiredState(STABLE, { clearedAt: 100 });
      expect(planned(rollouts, [aDriftingAgent("a")], { state: cleared })).toMatchObject([
        { rollout: "release" },
      ]);
    },
  );

  test("does not hold back a newer release", () => {
    const releases = [aDesiredRelease("2.0.0"), aDesiredRelease("2.1.0")];
    expect(
      planned(
        [aGroupRollout({ kind: "failed", code: "ROLLOUT_NO_SUCCESS", message: "" })],
        [aDriftingAgent("a")],
        {
          releases,
        },
      ),
    ).toMatchObject([{ spec: { version: "2.1.0" } }]);
  });

  test("what is paused by an operator or a halt is held, what is paused by its plan is under way", () => {
    expect(phase({ kind: "paused", cause: "failure_threshold" })).toBe("held");
    expect(phase({ kind: "paused", cause: "operator" })).toBe("held");
    expect(phase({ kind: "paused", cause: "approval_required" })).toBe("rolling_out");
    expect(phase({ kind: "rolling_back" })).toBe("held");
  });
});

test("a yanked release is no way forward, and no reason to go back", () => {
  const releases = [aDesiredRelease("1.0.0"), aDesiredRelease("2.0.0", { state: "yanked" })];
  expect(planned([], [aDriftingAgent("a", { version: "2.0.0" })], { releases })).toEqual([]);
  const pinned = aDesiredState({ kind: "version", version: "2.0.0", allowDowngrade: false });
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
  expect(DESIRED_PLAN).toMatchObject({ maxInFlight: 250, failurePolicy: { threshold: { count: 1 } } });
  expect(DESIRED_PLAN).not.toHaveProperty("cohort");
  // What was specified once can be read again.
  expect(specifyDesiredPlan(DESIRED_PLAN)).toEqual(DESIRED_PLAN);
  expect(Object.values(DRIFT_TEXT).every((text) => text.length > 10)).toBe(true);
});
