import { describe, expect, test } from "vitest";
import { applyDecisions, aRollout, aSpec, aTarget, aWave, someFacts, START } from "../testing/index.ts";
import type { Decision, PlanInput } from "./decision.ts";
import { planRollout } from "./plan-rollout.ts";
import type { AgentFacts, Rollout, RolloutSpec, Strategy, Target } from "./rollout.ts";

const MINUTE = 60_000;
const failure = { code: "PROBATION_CRASHED", message: "it crashed" } as const;
const failed = { kind: "failed", ...failure } as const;
const healthy = { kind: "healthy" } as const;
const running = { kind: "running" } as const;
const open = aWave(0, { kind: "open" });

interface Situation {
  readonly spec?: Partial<RolloutSpec>;
  readonly rollout?: Partial<Rollout>;
  readonly targets: readonly Target[];
  readonly agents?: Readonly<Record<string, Partial<AgentFacts> | null>>;
  readonly after?: number;
  readonly listeningSince?: number;
}

/** A running rollout with one open wave, unless told. */
function input({ spec, rollout, targets, agents = {}, after = 0, listeningSince = 0 }: Situation): PlanInput {
  return {
    rollout: aRollout({ state: running, waves: [open], spec: aSpec(spec), ...rollout }),
    targets,
    agents: (id) => (agents[id] === null ? null : someFacts(agents[id])),
    now: START + after,
    listeningSince,
  };
}

/** What is decided, without the reasons. */
function moves(situation: Situation): readonly Decision[] {
  return planRollout(input(situation)).filter(({ kind }) => !/^set_.*_reason$/.test(kind));
}

function dispatched(situation: Situation): readonly string[] {
  return moves(situation).flatMap((d) => (d.kind === "dispatch" ? [d.targetId] : []));
}

/** Reasons as they are after the plan: of each target, each wave, and the rollout. */
function reasons(situation: Situation) {
  const before = input(situation);
  const after = applyDecisions(before, planRollout(before), before.now);
  return {
    targets: after.targets.map(({ reason }) => reason),
    waves: after.rollout.waves.map(({ reason }) => reason),
    rollout: after.rollout.reason,
  };
}

function waves(change: Partial<Extract<Strategy, { kind: "waves" }>> = {}): Partial<RolloutSpec> {
  return {
    strategy: { kind: "waves", waves: [{ percent: 100 }], settleMs: 0, approval: "automatic", ...change },
  };
}

function pending(...agentIds: readonly string[]): readonly Target[] {
  return agentIds.map((id) => aTarget(id));
}

describe("starting", () => {
  test("a scheduled rollout starts, opens its wave and dispatches, in one plan", () => {
    const rollout = { state: { kind: "scheduled" }, waves: [aWave(0)] } as const;
    expect(moves({ rollout, targets: pending("a", "b") })).toEqual([
      { kind: "start" },
      { kind: "open_wave", wave: 0, forgivenBefore: 0 },
      { kind: "dispatch", targetId: "t-a", fromVersion: "1.0.0" },
      { kind: "dispatch", targetId: "t-b", fromVersion: "1.0.0" },
    ]);
  });

  const early: Situation = {
    spec: { startAt: START + MINUTE },
    rollout: { state: { kind: "scheduled" }, waves: [aWave(0)] },
    targets: pending("a"),
  };

  test("nothing happens before its start time, and it says so", () => {
    expect(moves(early)).toEqual([]);
    expect(reasons(early)).toEqual({
      targets: ["not_started"],
      waves: ["not_started"],
      rollout: "not_started",
    });
  });

  test("at its start time it starts", () => {
    expect(dispatched({ ...early, after: MINUTE })).toEqual(["t-a"]);
  });

  test("one that was paused and resumed before its start time still waits for it", () => {
    const resumed = { ...early, rollout: { state: running, waves: [aWave(0)] } };
    expect(moves(resumed)).toEqual([]);
    expect(reasons(resumed).rollout).toBe("not_started");
    expect(dispatched({ ...resumed, after: MINUTE })).toEqual(["t-a"]);
  });
});

describe("dispatching", () => {
  test("no more are under way than allowed, and the others wait for a slot", () => {
    const situation: Situation = {
      spec: { maxInFlight: 2 },
      targets: [aTarget("a", { kind: "verifying" }), ...pending("b", "c", "d")],
    };
    expect(dispatched(situation)).toEqual(["t-b"]);
    expect(reasons(situation).targets).toEqual([null, null, "waiting_for_slot", "waiting_for_slot"]);
  });

  test.each<[string, Partial<AgentFacts>]>([
    ["offline", { online: false }],
    ["other_rollout", { busyElsewhere: true }],
    ["clock_skew", { clockSkewMs: 5 * MINUTE + 1 }],
    ["clock_skew", { clockSkewMs: -5 * MINUTE - 1 }],
    ["offline", { online: false, busyElsewhere: true, clockSkewMs: 10 * MINUTE }],
  ])("an agent is held for %s", (reason, facts) => {
    const situation = { targets: pending("a"), agents: { a: facts } };
    expect(moves(situation)).toEqual([]);
    expect(reasons(situation)).toEqual({ targets: [reason], waves: [reason], rollout: reason });
  });

  test.each([5 * MINUTE, -5 * MINUTE, null])("a clock off by %s ms does not hold it", (clockSkewMs) => {
    expect(dispatched({ targets: pending("a"), agents: { a: { clockSkewMs } } })).toEqual(["t-a"]);
  });

  test("the version to return to is what the agent runs when it is told", () => {
    const agents = { a: { version: "1.0.7" }, b: { version: null } };
    expect(moves({ targets: pending("a", "b"), agents })).toEqual([
      { kind: "dispatch", targetId: "t-a", fromVersion: "1.0.7" },
      { kind: "dispatch", targetId: "t-b", fromVersion: null },
    ]);
  });

  test("an agent that runs the version already is superseded, even offline, and one that is gone canceled", () => {
    const agents = { a: { version: "2.0.0", online: false }, b: null };
    expect(moves({ targets: pending("a", "b", "c"), agents }).slice(0, 2)).toEqual([
      { kind: "supersede_target", targetId: "t-a" },
      { kind: "cancel_target", targetId: "t-b" },
    ]);
  });

  test("only the newest attempt of an agent counts", () => {
    const retried = aTarget("a", { kind: "pending" }, { id: "t-a-2", attempt: 2 });
    expect(dispatched({ targets: [aTarget("a", failed), retried] })).toEqual(["t-a-2"]);
  });

  test("agents are asked for only while something can be dispatched to them", () => {
    const targets = [
      aTarget("a", { kind: "verifying" }),
      aTarget("b", healthy),
      aTarget("c", { kind: "pending" }, { wave: 1 }),
    ];
    const rollout = { waves: [open, aWave(1)] };
    const asked: string[] = [];
    planRollout({ ...input({ rollout, targets }), agents: (id) => (asked.push(id), someFacts()) });
    expect(asked).toEqual([]);
  });

  test("a target of a wave that does not exist is an error of the store, not a crash", () => {
    const targets = [aTarget("a", { kind: "pending" }, { wave: 7 })];
    expect(() => moves({ targets })).toThrow(expect.objectContaining({ code: "INTERNAL_UNEXPECTED" }));
  });
});

describe("batches", () => {
  const spec = { strategy: { kind: "batches", size: 2, delayMs: 10 * MINUTE } } as const;

  test("a batch is dispatched at once, marked first, and the rest wait for the next", () => {
    const situation = { spec, targets: pending("a", "b", "c") };
    expect(moves(situation)).toEqual([
      { kind: "mark_batch", at: START },
      { kind: "dispatch", targetId: "t-a", fromVersion: "1.0.0" },
      { kind: "dispatch", targetId: "t-b", fromVersion: "1.0.0" },
    ]);
    expect(reasons(situation).targets).toEqual([null, null, "waiting_for_batch"]);
  });

  test.each([
    [10 * MINUTE - 1, []],
    [10 * MINUTE, ["t-c", "t-d"]],
  ])("%i ms after the batch before, %j are due", (after, expected) => {
    const targets = [aTarget("a", healthy), aTarget("b", healthy), ...pending("c", "d", "e")];
    expect(dispatched({ spec, rollout: { lastBatchAt: START }, targets, after })).toEqual(expected);
  });

  test("a batch does not wait for the one before to end, and keeps to the targets under way", () => {
    const targets = [aTarget("a", { kind: "restarting" }), ...pending("b", "c")];
    const rollout = { lastBatchAt: START - 10 * MINUTE };
    expect(dispatched({ spec: { ...spec, maxInFlight: 2 }, rollout, targets })).toEqual(["t-b"]);
  });

  test("a batch is not used up while no agent can take it", () => {
    expect(moves({ spec, targets: pending("a"), agents: { a: { online: false } } })).toEqual([]);
  });
});

describe("waves", () => {
  const two = [open, aWave(1)];
  const second = (agentId: string) => aTarget(agentId, { kind: "pending" }, { wave: 1 });

  test("the next wave waits for every target under way", () => {
    const situation = {
      spec: waves(),
      rollout: { waves: two },
      targets: [aTarget("a", healthy), aTarget("b", { kind: "restarting" }), second("c")],
    };
    expect(moves(situation)).toEqual([]);
    expect(reasons(situation)).toEqual({
      targets: [null, null, "waiting_for_wave"],
      waves: ["in_progress", "earlier_wave"],
      rollout: "in_progress",
    });
  });

  test("a wave whose targets have ended passes, and the next one is dispatched in the same plan", () => {
    expect(
      moves({ spec: waves(), rollout: { waves: two }, targets: [aTarget("a", healthy), second("c")] }),
    ).toEqual([
      { kind: "pass_wave", wave: 0 },
      { kind: "open_wave", wave: 1, forgivenBefore: 0 },
      { kind: "dispatch", targetId: "t-c", fromVersion: "1.0.0" },
    ]);
  });

  test("with a settle time it settles first", () => {
    const situation = {
      spec: waves({ settleMs: MINUTE }),
      rollout: { waves: two },
      targets: [aTarget("a", healthy), second("c")],
    };
    expect(moves(situation)).toEqual([{ kind: "settle_wave", wave: 0, until: START + MINUTE }]);
    expect(reasons(situation)).toEqual({
      targets: [null, "waiting_for_wave"],
      waves: ["settling", "settling"],
      rollout: "settling",
    });
  });

  test.each([
    [MINUTE - 1, []],
    [MINUTE, ["t-c"]],
  ])("%i ms into a settle time of a minute, %j of the next wave are due", (after, expected) => {
    const rollout = { waves: [aWave(0, { kind: "settling", until: START + MINUTE }), aWave(1)] };
    const targets = [aTarget("a", healthy), second("c")];
    expect(dispatched({ spec: waves({ settleMs: MINUTE }), rollout, targets, after })).toEqual(expected);
  });

  test("the last wave does not settle", () => {
    expect(moves({ spec: waves({ settleMs: MINUTE }), targets: [aTarget("a", healthy)] })).toEqual([
      { kind: "pass_wave", wave: 0 },
      { kind: "complete" },
    ]);
  });

  test("an empty wave passes at once", () => {
    const kinds = moves({
      spec: waves({ settleMs: MINUTE }),
      rollout: { waves: two },
      targets: [second("c")],
    });
    expect(kinds.map(({ kind }) => kind)).toEqual(["pass_wave", "open_wave", "dispatch"]);
  });

  test("under manual approval it pauses before the next wave", () => {
    const situation = {
      spec: waves({ approval: "manual" }),
      rollout: { waves: two },
      targets: [aTarget("a", healthy), second("c")],
    };
    expect(moves(situation)).toEqual([
      { kind: "pass_wave", wave: 0 },
      { kind: "pause", cause: "approval_required", touched: null },
    ]);
    expect(reasons(situation)).toEqual({
      targets: [null, "waiting_for_wave"],
      waves: [null, "approval"],
      rollout: "approval",
    });
  });

  test("it goes on by itself once the wave is approved", () => {
    const rollout = {
      state: { kind: "paused", cause: "approval_required" },
      waves: [aWave(0, { kind: "passed" }), aWave(1, { kind: "waiting" }, { approved: true })],
    } as const;
    const targets = [aTarget("a", healthy), second("c")];
    expect(moves({ spec: waves({ approval: "manual" }), rollout, targets })).toEqual([
      { kind: "resume" },
      { kind: "open_wave", wave: 1, forgivenBefore: 0 },
      { kind: "dispatch", targetId: "t-c", fromVersion: "1.0.0" },
    ]);
  });

  test("the first wave needs no approval", () => {
    const rollout = { waves: [aWave(0)] };
    expect(dispatched({ spec: waves({ approval: "manual" }), rollout, targets: pending("a") })).toEqual([
      "t-a",
    ]);
  });
});

describe("agents that are offline", () => {
  const away = { a: { online: false } };

  test("do not hold back the next wave when the others have ended", () => {
    const rollout = { waves: [open, aWave(1)] };
    const targets = [...pending("a"), aTarget("b", healthy), aTarget("c", { kind: "pending" }, { wave: 1 })];
    const situation = { spec: waves(), rollout, targets, agents: away };
    expect(dispatched(situation)).toEqual(["t-c"]);
    expect(reasons(situation)).toEqual({
      targets: ["offline", null, null],
      waves: [null, "in_progress"],
      rollout: "in_progress",
    });
  });

  test("hold back the next wave while no target of their own has ended", () => {
    const rollout = { waves: [open, aWave(1)] };
    const targets = [...pending("a"), aTarget("c", { kind: "pending" }, { wave: 1 })];
    const situation = { spec: waves(), rollout, targets, agents: away };
    expect(moves(situation)).toEqual([]);
    expect(reasons(situation)).toEqual({
      targets: ["offline", "waiting_for_wave"],
      waves: ["offline", "earlier_wave"],
      rollout: "offline",
    });
  });

  test("are dispatched when they return, after their wave has passed and later ones have opened", () => {
    const rollout = { waves: [aWave(0, { kind: "passed" }), aWave(1, { kind: "open" })] };
    const targets = [...pending("a"), aTarget("c", { kind: "verifying" }, { wave: 1 })];
    expect(moves({ spec: waves(), rollout, targets })).toEqual([
      { kind: "dispatch", targetId: "t-a", fromVersion: "1.0.0" },
    ]);
  });

  test("bring a wave that has passed to its threshold when they return and fail", () => {
    const rollout = { waves: [aWave(0, { kind: "passed" }), aWave(1, { kind: "open" })] };
    const targets = [aTarget("a", failed), aTarget("c", { kind: "pending" }, { wave: 1 })];
    expect(moves({ spec: waves(), rollout, targets })).toEqual([
      { kind: "pause", cause: "failure_threshold", touched: 1 },
      { kind: "fail_wave", wave: 0 },
    ]);
  });

  test("keep the rollout running until they have been updated", () => {
    const rollout = { waves: [aWave(0, { kind: "passed" })] };
    const situation = { rollout, targets: [...pending("a"), aTarget("b", healthy)], agents: away };
    expect(moves(situation)).toEqual([]);
    expect(reasons(situation)).toEqual({ targets: ["offline", null], waves: [null], rollout: "offline" });
  });

  test("are not dispatched by a paused rollout, whatever they do", () => {
    const rollout = { state: { kind: "paused", cause: "operator" } } as const;
    const situation = { rollout, targets: pending("a") };
    expect(moves(situation)).toEqual([]);
    expect(reasons(situation)).toEqual({ targets: ["operator"], waves: ["operator"], rollout: "operator" });
  });
});

describe("the failure threshold", () => {
  const policy = (change: object) => ({
    failurePolicy: { threshold: { count: 2 }, action: "pause", silentAfterMs: MINUTE, ...change } as const,
  });
  const silent = aTarget("s", { kind: "dispatched" });

  test("failed, rolled back and silent targets count alike", () => {
    const spec = {
      ...policy({ threshold: { count: 3 } }),
      deadlines: { ...aSpec().deadlines, dispatched: 10 * MINUTE },
    };
    const targets = [
      aTarget("a", failed),
      aTarget("b", { kind: "rolled_back", ...failure }),
      silent,
      ...pending("c"),
    ];
    expect(dispatched({ spec, targets, after: MINUTE - 1 })).toEqual(["t-c"]);
    const situation = { spec, targets, after: MINUTE };
    expect(moves(situation)).toEqual([
      { kind: "pause", cause: "failure_threshold", touched: 3 },
      { kind: "fail_wave", wave: 0 },
    ]);
    expect(reasons(situation)).toEqual({
      targets: [null, null, "silent", "threshold"],
      waves: ["threshold"],
      rollout: "threshold",
    });
  });

  test("a percentage is of the wave", () => {
    const spec = policy({ threshold: { percent: 50 } });
    const other = aTarget("x", failed, { wave: 1 });
    const rollout = { waves: [open, aWave(1, { kind: "open" })] };
    const half = [aTarget("a", failed), aTarget("b", failed), aTarget("c", healthy), ...pending("d")];
    expect(moves({ spec, rollout, targets: half })).toContainEqual({ kind: "fail_wave", wave: 0 });
    const third = [aTarget("a", failed), aTarget("c", healthy), ...pending("d")];
    expect(dispatched({ spec, rollout, targets: third })).toEqual(["t-d"]);
    expect(moves({ spec, rollout, targets: [...third, other] })).toContainEqual({
      kind: "fail_wave",
      wave: 1,
    });
  });

  test("a target that this very plan expires counts", () => {
    const targets = [silent, ...pending("c")];
    expect(moves({ targets, after: MINUTE })).toEqual([
      expect.objectContaining({ kind: "expire_target", targetId: "t-s", code: "TARGET_STAGE_TIMEOUT" }),
      { kind: "pause", cause: "failure_threshold", touched: 1 },
      { kind: "fail_wave", wave: 0 },
    ]);
  });

  test("what is under way when it halts runs to its end, and a second wave can still fail", () => {
    const rollout = {
      state: { kind: "paused", cause: "failure_threshold" },
      waves: [aWave(0, { kind: "failed" }), aWave(1, { kind: "open" })],
    } as const;
    const targets = [aTarget("a", failed), aTarget("b", failed, { wave: 1 }), ...pending("c")];
    expect(moves({ rollout, targets })).toEqual([{ kind: "fail_wave", wave: 1 }]);
  });

  test("an operator who resumes has forgiven what failed until then, and only that", () => {
    const rollout = { waves: [aWave(0, { kind: "failed" })] };
    const targets = [aTarget("a", failed), ...pending("c")];
    expect(moves({ rollout, targets, after: 5 })).toEqual([
      { kind: "open_wave", wave: 0, forgivenBefore: START + 6 },
      { kind: "dispatch", targetId: "t-c", fromVersion: "1.0.0" },
    ]);
    const forgiven = { waves: [aWave(0, { kind: "open" }, { forgivenBefore: START + 6 })] };
    const next = aTarget("c", failed, { since: START + 6, progressAt: START + 6 });
    expect(moves({ rollout: forgiven, targets: [aTarget("a", failed), next], after: 7 })).toContainEqual({
      kind: "fail_wave",
      wave: 0,
    });
  });

  test("a target that was silent when an operator resumed does not count again when it times out", () => {
    const rollout = { waves: [aWave(0, { kind: "open" }, { forgivenBefore: START + MINUTE + 1 })] };
    const spec = { deadlines: { ...aSpec().deadlines, dispatched: 3 * MINUTE } };
    const targets = [silent, ...pending("c")];
    expect(moves({ rollout, spec, targets, after: 3 * MINUTE })).toEqual([
      expect.objectContaining({ kind: "expire_target", targetId: "t-s" }),
      { kind: "dispatch", targetId: "t-c", fromVersion: "1.0.0" },
    ]);
  });

  test("an operator's pause is not evaluated; a resume from it meets the threshold before anything is dispatched", () => {
    const targets = [aTarget("a", failed), ...pending("c")];
    const paused = { state: { kind: "paused", cause: "operator" } } as const;
    expect(moves({ rollout: paused, targets })).toEqual([]);
    expect(moves({ targets })).toEqual([
      { kind: "pause", cause: "failure_threshold", touched: 1 },
      { kind: "fail_wave", wave: 0 },
    ]);
  });

  test("hosts touched are counted once each, whatever became of them and however often they were tried", () => {
    const targets = [
      aTarget("a", failed),
      aTarget("a", failed, { id: "t-a-2", attempt: 2 }),
      aTarget("b", healthy),
      aTarget("c", { kind: "verifying" }),
      aTarget("d", { kind: "superseded" }),
      aTarget("e", { kind: "canceled" }),
      ...pending("f"),
    ];
    expect(moves({ targets })[0]).toEqual({ kind: "pause", cause: "failure_threshold", touched: 3 });
  });
});

describe("deadlines", () => {
  test.each([{ kind: "paused", cause: "operator" }, { kind: "canceled" }, running] as const)(
    "go on in a rollout that is $kind",
    (state) => {
      const targets = [aTarget("s", { kind: "verifying" })];
      expect(moves({ rollout: { state }, targets, after: MINUTE })[0]).toEqual({
        kind: "expire_target",
        targetId: "t-s",
        code: "TARGET_STAGE_TIMEOUT",
        message: "No progress for 60 s while verifying",
      });
    },
  );

  test("do not run while the server could not hear the agents", () => {
    const targets = [aTarget("s", { kind: "verifying" })];
    const listeningSince = START + 60 * MINUTE;
    expect(moves({ targets, after: 60 * MINUTE, listeningSince })).toEqual([]);
    expect(moves({ targets, after: 61 * MINUTE, listeningSince })).not.toEqual([]);
  });
});

describe("returning", () => {
  const spec: Partial<RolloutSpec> = {
    failurePolicy: { threshold: { count: 1 }, action: "roll_back", silentAfterMs: MINUTE },
  };
  const rollout = { state: { kind: "rolling_back" }, waves: [aWave(0, { kind: "failed" })] } as const;
  const back = (agentId: string, state: Target["state"]) =>
    aTarget(agentId, state, {
      id: `return-${agentId}`,
      purpose: "return",
      fromVersion: "2.0.0",
      toVersion: "1.0.0",
    });
  const onNew = { version: "2.0.0" };

  test("at the threshold the updated agents are brought back, and the others are left as they are", () => {
    const targets = [aTarget("a", healthy), aTarget("b", failed), ...pending("c")];
    const situation = { spec, targets, agents: { a: onNew } };
    expect(moves(situation)).toEqual([
      { kind: "begin_return", touched: 2 },
      { kind: "fail_wave", wave: 0 },
      { kind: "cancel_target", targetId: "t-c" },
      { kind: "add_return", agentId: "a", wave: 0, fromVersion: "2.0.0", toVersion: "1.0.0" },
    ]);
    expect(reasons(situation).rollout).toBe("returning");
  });

  test("nothing to bring back: it ends in the same plan", () => {
    expect(moves({ spec, targets: [aTarget("b", failed), ...pending("c")] }).map(({ kind }) => kind)).toEqual(
      ["begin_return", "fail_wave", "cancel_target", "finish_rolled_back"],
    );
  });

  test("returns are dispatched within the targets under way, without batches", () => {
    const batches = { kind: "batches", size: 1, delayMs: MINUTE } as const;
    const situation: Situation = {
      spec: { ...spec, strategy: batches, maxInFlight: 2 },
      rollout: { ...rollout, lastBatchAt: START },
      targets: ["a", "b", "c", "d"].flatMap((id) => [aTarget(id, healthy), back(id, { kind: "pending" })]),
      agents: { a: onNew, b: onNew, c: onNew, d: { ...onNew, online: false } },
    };
    expect(dispatched(situation)).toEqual(["return-a", "return-b"]);
    expect(reasons(situation).targets.filter((_, index) => index % 2 === 1)).toEqual([
      null,
      null,
      "waiting_for_slot",
      "offline",
    ]);
  });

  test("an update that was under way and succeeds after the halt is brought back too", () => {
    const targets = [aTarget("a", healthy), back("a", healthy), aTarget("b", healthy)];
    expect(moves({ spec, rollout, targets, agents: { b: onNew } })).toEqual([
      { kind: "add_return", agentId: "b", wave: 0, fromVersion: "2.0.0", toVersion: "1.0.0" },
    ]);
  });

  test("an agent that timed out but did get there is brought back, one that did not is not", () => {
    const expiring = aTarget("e", { kind: "dispatched" });
    const targets = [aTarget("a", failed), aTarget("b", failed), expiring];
    const agents = { a: onNew, b: {}, e: onNew };
    expect(moves({ spec, rollout, targets, agents, after: MINUTE }).slice(1)).toEqual([
      { kind: "add_return", agentId: "a", wave: 0, fromVersion: "2.0.0", toVersion: "1.0.0" },
      { kind: "add_return", agentId: "e", wave: 0, fromVersion: "2.0.0", toVersion: "1.0.0" },
    ]);
  });

  test("it waits for updates under way", () => {
    expect(moves({ spec, rollout, targets: [aTarget("b", { kind: "restarting" })] })).toEqual([]);
  });

  test("all returned: it is rolled back", () => {
    const targets = [
      aTarget("a", healthy),
      back("a", healthy),
      aTarget("b", healthy),
      back("b", { kind: "superseded" }),
    ];
    expect(moves({ spec, rollout, targets })).toEqual([{ kind: "finish_rolled_back" }]);
  });

  test("an agent that did not return, or has no version to return to, fails the rollout", () => {
    const targets = [
      aTarget("a", healthy),
      back("a", healthy),
      aTarget("b", healthy),
      back("b", failed),
      aTarget("c", healthy, { fromVersion: null }),
    ];
    const message = "2 of 3 updated agents did not return";
    expect(moves({ spec, rollout, targets, agents: { c: onNew } })).toEqual([
      { kind: "fail", code: "ROLLOUT_RETURN_INCOMPLETE", message },
    ]);
  });
});

describe("ending", () => {
  const passed = { waves: [aWave(0, { kind: "passed" })] };

  test("a rollout completes when every target has ended", () => {
    expect(moves({ rollout: passed, targets: [aTarget("a", healthy)] })).toEqual([{ kind: "complete" }]);
    expect(
      moves({ rollout: passed, targets: [aTarget("a", healthy), aTarget("b", { kind: "staging" })] }),
    ).toEqual([]);
  });

  test("it fails if not one agent got there", () => {
    const forgiven = { waves: [aWave(0, { kind: "passed" }, { forgivenBefore: START + 1 })] };
    expect(moves({ rollout: forgiven, targets: [aTarget("a", failed), aTarget("b", failed)] })).toEqual([
      { kind: "fail", code: "ROLLOUT_NO_SUCCESS", message: "All 2 agents failed or rolled back" },
    ]);
  });

  test("a paused rollout does not end by itself: there may be something to retry", () => {
    const rollout = { ...passed, state: { kind: "paused", cause: "operator" } } as const;
    expect(moves({ rollout, targets: [aTarget("a", healthy)] })).toEqual([]);
  });

  test("a canceled rollout cancels what waits, leaves what is under way, and has no reasons left", () => {
    const situation = {
      rollout: {
        state: { kind: "canceled" },
        reason: "operator",
        waves: [aWave(0, { kind: "open" }, { reason: "in_progress" })],
      },
      targets: [
        aTarget("a", { kind: "staging" }),
        aTarget("b", { kind: "pending" }, { reason: "waiting_for_slot" }),
      ],
    } as const;
    expect(moves(situation)).toEqual([{ kind: "cancel_target", targetId: "t-b" }]);
    expect(reasons(situation)).toEqual({ targets: [null, null], waves: [null], rollout: null });
  });
});

test("planning changes nothing that it is given", () => {
  const situation = input({ spec: waves(), targets: [aTarget("a", failed), ...pending("b", "c")] });
  const copy = structuredClone({ rollout: situation.rollout, targets: situation.targets });
  planRollout(situation);
  expect({ rollout: situation.rollout, targets: situation.targets }).toEqual(copy);
});
