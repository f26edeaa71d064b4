import { describe, expect, test } from "vitest";
import {
  aSpec,
  aTarget,
  aWave,
  START,
  HEALTHY,
  FAILED,
  movesOf,
  dispatchedIn,
  reasonsAfter,
  pending,
} from "../../testing/index.ts";
import type { FailurePolicy, RolloutSpec } from "../rollout.ts";

const MINUTE = 60_000;
const OPEN = aWave(0, { kind: "open" });

/** Pauses at this threshold. */
function pausingAt(threshold: FailurePolicy["threshold"]): Partial<RolloutSpec> {
  return { failurePolicy: { threshold, action: "pause", silentAfterMs: MINUTE } };
}

describe("the failure threshold", () => {
  const silent = aTarget("s", { kind: "dispatched" });

  test("failed, rolled back and silent targets count alike", () => {
    const spec = {
      ...pausingAt({ count: 3 }),
      deadlines: { ...aSpec().deadlines, dispatched: 10 * MINUTE },
    };
    const targets = [
      aTarget("a", FAILED),
      aTarget("b", { ...FAILED, kind: "rolled_back" }),
      silent,
      ...pending("c"),
    ];
    expect(dispatchedIn({ spec, targets, after: MINUTE - 1 })).toEqual(["t-c"]);
    const situation = { spec, targets, after: MINUTE };
    expect(movesOf(situation)).toEqual([
      { kind: "pause", cause: "failure_threshold", touched: 3 },
      { kind: "fail_wave", wave: 0 },
    ]);
    expect(reasonsAfter(situation)).toEqual({
      targets: [null, null, "silent", "threshold"],
      waves: ["threshold"],
      rollout: "threshold",
    });
  });

  test("a percentage is of the wave", () => {
    const spec = pausingAt({ percent: 50 });
    const other = aTarget("x", FAILED, { wave: 1 });
    const rollout = { waves: [OPEN, aWave(1, { kind: "open" })] };
    const half = [aTarget("a", FAILED), aTarget("b", FAILED), aTarget("c", HEALTHY), ...pending("d")];
    expect(movesOf({ spec, rollout, targets: half })).toContainEqual({ kind: "fail_wave", wave: 0 });
    const third = [aTarget("a", FAILED), aTarget("c", HEALTHY), ...pending("d")];
    expect(dispatchedIn({ spec, rollout, targets: third })).toEqual(["t-d"]);
    expect(movesOf({ spec, rollout, targets: [...third, other] })).toContainEqual({
      kind: "fail_wave",
      wave: 1,
    });
  });

  test("a target that this very plan expires counts", () => {
    const targets = [silent, ...pending("c")];
    expect(movesOf({ targets, after: MINUTE })).toEqual([
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
    const targets = [aTarget("a", FAILED), aTarget("b", FAILED, { wave: 1 }), ...pending("c")];
    expect(movesOf({ rollout, targets })).toEqual([{ kind: "fail_wave", wave: 1 }]);
  });

  test("an operator who resumes has forgiven what failed until then, and only that", () => {
    const rollout = { waves: [aWave(0, { kind: "failed" })] };
    const targets = [aTarget("a", FAILED), ...pending("c")];
    expect(movesOf({ rollout, targets, after: 5 })).toEqual([
      { kind: "open_wave", wave: 0, forgivenBefore: START + 6 },
      { kind: "dispatch", targetId: "t-c", fromVersion: "1.0.0" },
    ]);
    const forgiven = { waves: [aWave(0, { kind: "open" }, { forgivenBefore: START + 6 })] };
    const next = aTarget("c", FAILED, { since: START + 6, progressAt: START + 6 });
    expect(movesOf({ rollout: forgiven, targets: [aTarget("a", FAILED), next], after: 7 })).toContainEqual({
      kind: "fail_wave",
      wave: 0,
    });
  });

  test("a target that was silent when an operator resumed does not count again when it times out", () => {
    const rollout = { waves: [aWave(0, { kind: "open" }, { forgivenBefore: START + MINUTE + 1 })] };
    const spec = { deadlines: { ...aSpec().deadlines, dispatched: 3 * MINUTE } };
    const targets = [silent, ...pending("c")];
    expect(movesOf({ rollout, spec, targets, after: 3 * MINUTE })).toEqual([
      expect.objectContaining({ kind: "expire_target", targetId: "t-s" }),
      { kind: "dispatch", targetId: "t-c", fromVersion: "1.0.0" },
    ]);
  });

  test("an operator's pause is not evaluated; a resume from it meets the threshold before anything is dispatched", () => {
    const targets = [aTarget("a", FAILED), ...pending("c")];
    const paused = { state: { kind: "paused", cause: "operator" } } as const;
    expect(movesOf({ rollout: paused, targets })).toEqual([]);
    expect(movesOf({ targets })).toEqual([
      { kind: "pause", cause: "failure_threshold", touched: 1 },
      { kind: "fail_wave", wave: 0 },
    ]);
  });

  test("hosts touched are counted once each, whatever became of them and however often they were tried", () => {
    const targets = [
      aTarget("a", FAILED),
      aTarget("a", FAILED, { id: "t-a-2", attempt: 2 }),
      aTarget("b", HEALTHY),
      aTarget("c", { kind: "verifying" }),
      aTarget("d", { kind: "superseded" }),
      aTarget("e", { kind: "canceled" }),
      ...pending("f"),
    ];
    expect(movesOf({ targets })[0]).toEqual({ kind: "pause", cause: "failure_threshold", touched: 3 });
  });
});
