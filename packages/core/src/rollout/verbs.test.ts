import { describe, expect, test } from "vitest";
import { aRollout, aSpec, aTarget, aWave, START } from "../testing/index.ts";
import { countTargets } from "./counts.ts";
import { transitionRollout, type RolloutEvent } from "./rollout-machine.ts";
import type { PauseCause, RolloutSpec, RolloutState, Wave } from "./rollout.ts";
import { approveWave, requireVerb, rolloutVerbs, waveToApprove, type RolloutVerb } from "./verbs.ts";

const failure = { code: "ROLLOUT_NO_SUCCESS", message: "none" } as const;
const failed = { kind: "failed", code: "DISK_SHORT", message: "full" } as const;
const paused = (cause: PauseCause): RolloutState => ({ kind: "paused", cause });
const waves = [aWave(0, { kind: "passed" }), aWave(1), aWave(2)];

function situation(
  state: RolloutState,
  targets = [aTarget("a", failed), aTarget("b"), aTarget("c", { kind: "staging" })],
) {
  const rollout = aRollout({ state, waves });
  return { rollout, counts: countTargets({ rollout, targets, now: START, listeningSince: 0 }).total };
}

function allowed(state: RolloutState): readonly RolloutVerb[] {
  const { rollout, counts } = situation(state);
  return rolloutVerbs(rollout, counts).flatMap((verb) => (verb.allowed ? [verb.verb] : []));
}

function why(verb: RolloutVerb, state: RolloutState, targets?: Parameters<typeof situation>[1]): string {
  const { rollout, counts } = situation(state, targets);
  return rolloutVerbs(rollout, counts).find((found) => found.verb === verb)!.why;
}

const CASES: readonly [RolloutState, readonly RolloutVerb[]][] = [
  [{ kind: "scheduled" }, ["pause", "cancel", "retry"]],
  [{ kind: "running" }, ["pause", "cancel", "retry"]],
  [paused("operator"), ["resume", "cancel", "retry"]],
  [paused("failure_threshold"), ["resume", "cancel", "retry"]],
  [paused("outside_window"), ["resume", "cancel", "retry"]],
  [paused("approval_required"), ["approve", "cancel", "retry"]],
  [paused("release_yanked"), ["cancel"]],
  [{ kind: "rolling_back" }, []],
  [{ kind: "rolled_back" }, []],
  [{ kind: "completed" }, []],
  [{ kind: "canceled" }, []],
  [{ kind: "failed", ...failure }, []],
];

describe("which verbs are allowed", () => {
  test.each(CASES)("%j: %j", (state, expected) => {
    expect(allowed(state)).toEqual(expected);
  });

  const events: readonly [RolloutVerb, RolloutEvent][] = [
    ["pause", { kind: "pause", cause: "operator" }],
    ["resume", { kind: "resume" }],
    ["cancel", { kind: "cancel" }],
  ];
  test.each(events)("%s is allowed only where the machine allows it", (verb, event) => {
    const states = CASES.map(([state]) => state).filter((state) => allowed(state).includes(verb));
    expect(states).not.toEqual([]);
    for (const state of states) expect(() => transitionRollout(state, event)).not.toThrow();
  });

  test("nothing is retried while nothing has failed", () => {
    expect(why("retry", { kind: "running" }, [aTarget("a", { kind: "healthy" })])).toBe(
      "No agent has failed or rolled back.",
    );
  });
});

describe("what a verb says of itself", () => {
  const running = { kind: "running" } as const;
  test.each<[RolloutVerb, RolloutState, string]>([
    ["pause", running, "No further agent gets the update. 1 agent under way: their updates end."],
    [
      "resume",
      paused("failure_threshold"),
      "1 agent still to be updated: it goes on with them. What failed until now no longer counts toward the threshold.",
    ],
    ["resume", paused("approval_required"), "It waits for an approval of the next wave: approve that."],
    ["approve", paused("approval_required"), "Wave 2 of 3 opens, and its agents are updated."],
    ["approve", running, "No wave waits for an approval."],
    [
      "cancel",
      running,
      "1 agent still to be updated: they stay as they are. 1 agent under way: their updates end. Updated agents keep the new version.",
    ],
    ["retry", running, "1 agent failed or rolled back: each gets another attempt, with the next free slot."],
    [
      "retry",
      paused("failure_threshold"),
      "1 agent failed or rolled back: each gets another attempt, when the rollout is resumed.",
    ],
    ["cancel", { kind: "rolled_back" }, "The rollout has ended: it is rolled back."],
    ["retry", { kind: "rolled_back" }, "The rollout has ended: it is rolled back."],
    [
      "retry",
      { kind: "completed" },
      "The rollout has ended: it is completed. 1 agent failed: another rollout of this version takes them, and leaves out those that have it.",
    ],
  ])("%s, %j", (verb, state, text) => {
    expect(why(verb, state)).toBe(text);
  });
});

test("a verb that is not allowed is refused with the same words", () => {
  const { rollout, counts } = situation({ kind: "completed" });
  expect(() => requireVerb(rollout, counts, "pause")).toThrow(
    expect.objectContaining({
      code: "ROLLOUT_TRANSITION_INVALID",
      details: { state: "completed", verb: "pause", problem: "The rollout has ended: it is completed." },
    }),
  );
  const live = situation({ kind: "running" });
  expect(() => requireVerb(live.rollout, live.counts, "pause")).not.toThrow();
});

test("the wave to approve is the next one, and none when none is waited for", () => {
  expect(waveToApprove(aRollout({ state: paused("approval_required"), waves }))).toBe(1);
  expect(waveToApprove(aRollout({ state: { kind: "running" }, waves }))).toBeNull();
  const approved = [waves[0]!, { ...waves[1]!, approved: true }, waves[2]!];
  expect(waveToApprove(aRollout({ state: paused("approval_required"), waves: approved }))).toBeNull();
});

describe("taking a rollout back", () => {
  const updated = [aTarget("a", { kind: "healthy" }), aTarget("b")];
  test.each<[RolloutState]>([
    [{ kind: "running" }],
    [paused("operator")],
    [paused("failure_threshold")],
    [paused("release_yanked")],
    [{ kind: "completed" }],
    [{ kind: "canceled" }],
    [{ kind: "failed", ...failure }],
  ])("%j: every agent that was updated returns", (state) => {
    const { rollout, counts } = situation(state, updated);
    expect(() => requireVerb(rollout, counts, "roll_back")).not.toThrow();
    expect(() => transitionRollout(state, { kind: "begin_return" })).not.toThrow();
    expect(why("roll_back", state, updated)).toMatch(
      /^1 agent updated: each returns to its version before\./,
    );
  });

  test.each<[RolloutState, string]>([
    [{ kind: "scheduled" }, "No agent has been updated."],
    [{ kind: "rolled_back" }, "The updated agents have returned already."],
    [
      { kind: "rolling_back" },
      "The updated agents are returning to their version before; this goes on until all are. Revoke one that will not come back.",
    ],
  ])("%j: it cannot be", (state, text) => {
    expect(why("roll_back", state, updated)).toBe(text);
  });

  test("where nobody runs the new version there is nothing to take back", () => {
    expect(why("roll_back", { kind: "completed" })).toBe("No agent runs the new version.");
  });
});

/** What the approval of a wave says of itself. */
function askedOf(spec: RolloutSpec, wave: Wave): string | undefined {
  const both = [aWave(0, { kind: "passed" }), wave];
  const rollout = aRollout({ spec, state: paused("approval_required"), waves: both });
  const { total } = countTargets({ rollout, targets: [], now: START, listeningSince: 0 });
  return rolloutVerbs(rollout, total).find(({ verb }) => verb === "approve")?.why;
}

describe("a wave that two people must approve", () => {
  const strategy = {
    kind: "waves",
    waves: [{ percent: 100 }],
    settleMs: 0,
    approval: "two_people",
  } as const;
  const spec = aSpec({ strategy });

  test("is approved by the second, who is another one", () => {
    const once = approveWave(aWave(1), spec, "ada");
    expect(once).toMatchObject({ approved: false, approvedBy: ["ada"] });
    expect(approveWave(once, spec, "grace")).toMatchObject({ approved: true, approvedBy: ["ada", "grace"] });
    expect(() => approveWave(once, spec, "ada")).toThrow(
      expect.objectContaining({ code: "ROLLOUT_APPROVAL_REPEATED" }),
    );
  });

  test("says whose approval it has", () => {
    expect(askedOf(spec, aWave(1))).toBe("Two people must approve; this is the first approval.");
    expect(askedOf(spec, aWave(1, { kind: "waiting" }, { approvedBy: ["ada"] }))).toBe(
      "ada has approved. With another person's approval: Wave 2 of 2 opens, and its agents are updated.",
    );
  });

  test("needs one person where one is asked for", () => {
    const manual = aSpec({ strategy: { ...strategy, approval: "manual" } });
    expect(approveWave(aWave(1), manual, "ada").approved).toBe(true);
  });
});
