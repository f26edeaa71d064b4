import { describe, expect, test } from "vitest";
import {
  aTarget,
  aWave,
  START,
  RUNNING,
  HEALTHY,
  FAILED,
  movesOf,
  dispatchedIn,
  reasonsAfter,
  pending,
  type Situation,
} from "../../testing/index.ts";

const MINUTE = 60_000;

describe("starting", () => {
  test("a scheduled rollout starts, opens its wave and dispatches, in one plan", () => {
    const rollout = { state: { kind: "scheduled" }, waves: [aWave(0)] } as const;
    expect(movesOf({ rollout, targets: pending("a", "b") })).toEqual([
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
    expect(movesOf(early)).toEqual([]);
    expect(reasonsAfter(early)).toEqual({
      targets: ["not_started"],
      waves: ["not_started"],
      rollout: "not_started",
    });
  });

  test("at its start time it starts", () => {
    expect(dispatchedIn({ ...early, after: MINUTE })).toEqual(["t-a"]);
  });

  test("one that was paused and resumed before its start time still waits for it", () => {
    const resumed = { ...early, rollout: { state: RUNNING, waves: [aWave(0)] } };
    expect(movesOf(resumed)).toEqual([]);
    expect(reasonsAfter(resumed).rollout).toBe("not_started");
    expect(dispatchedIn({ ...resumed, after: MINUTE })).toEqual(["t-a"]);
  });
});

describe("deadlines", () => {
  test.each([{ kind: "paused", cause: "operator" }, { kind: "canceled" }, RUNNING] as const)(
    "go on in a rollout that is $kind",
    (state) => {
      const targets = [aTarget("s", { kind: "verifying" })];
      expect(movesOf({ rollout: { state }, targets, after: MINUTE })[0]).toEqual({
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
    expect(movesOf({ targets, after: 60 * MINUTE, listeningSince })).toEqual([]);
    expect(movesOf({ targets, after: 61 * MINUTE, listeningSince })).not.toEqual([]);
  });
});

describe("ending", () => {
  const passed = { waves: [aWave(0, { kind: "passed" })] };

  test("a rollout completes when every target has ended", () => {
    expect(movesOf({ rollout: passed, targets: [aTarget("a", HEALTHY)] })).toEqual([{ kind: "complete" }]);
    expect(
      movesOf({ rollout: passed, targets: [aTarget("a", HEALTHY), aTarget("b", { kind: "staging" })] }),
    ).toEqual([]);
  });

  test("it fails if not one agent got there", () => {
    const forgiven = { waves: [aWave(0, { kind: "passed" }, { forgivenBefore: START + 1 })] };
    expect(movesOf({ rollout: forgiven, targets: [aTarget("a", FAILED), aTarget("b", FAILED)] })).toEqual([
      { kind: "fail", code: "ROLLOUT_NO_SUCCESS", message: "All 2 agents failed or rolled back" },
    ]);
  });

  test("a paused rollout does not end by itself: there may be something to retry", () => {
    const rollout = { ...passed, state: { kind: "paused", cause: "operator" } } as const;
    expect(movesOf({ rollout, targets: [aTarget("a", HEALTHY)] })).toEqual([]);
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
    expect(movesOf(situation)).toEqual([{ kind: "cancel_target", targetId: "t-b" }]);
    expect(reasonsAfter(situation)).toEqual({ targets: [null, null], waves: [null], rollout: null });
  });
});
