import { describe, expect, test } from "vitest";
import {
  aTarget,
  aWave,
  START,
  HEALTHY,
  FAILED,
  movesOf,
  dispatchedIn,
  reasonsAfter,
  inWaves,
  pending,
  second,
} from "../../testing/index.ts";

const MINUTE = 60_000;
const OPEN = aWave(0, { kind: "open" });

describe("waves", () => {
  const two = [OPEN, aWave(1)];
  test("the next wave waits for every target under way", () => {
    const situation = {
      spec: inWaves(),
      rollout: { waves: two },
      targets: [aTarget("a", HEALTHY), aTarget("b", { kind: "restarting" }), second("c")],
    };
    expect(movesOf(situation)).toEqual([]);
    expect(reasonsAfter(situation)).toEqual({
      targets: [null, null, "waiting_for_wave"],
      waves: ["in_progress", "earlier_wave"],
      rollout: "in_progress",
    });
  });

  test("a wave whose targets have ended passes, and the next one is dispatched in the same plan", () => {
    expect(
      movesOf({ spec: inWaves(), rollout: { waves: two }, targets: [aTarget("a", HEALTHY), second("c")] }),
    ).toEqual([
      { kind: "pass_wave", wave: 0 },
      { kind: "open_wave", wave: 1, forgivenBefore: 0 },
      { kind: "dispatch", targetId: "t-c", fromVersion: "1.0.0" },
    ]);
  });

  test("who has left the cohort is let go when its wave opens, and not asked again", () => {
    const left = { b: { hasLeft: true }, c: { hasLeft: true } };
    const opening = { spec: inWaves(), rollout: { waves: two }, agents: left };
    expect(movesOf({ ...opening, targets: [aTarget("a", HEALTHY), second("c"), second("d")] })).toEqual([
      { kind: "pass_wave", wave: 0 },
      { kind: "open_wave", wave: 1, forgivenBefore: 0 },
      { kind: "cancel_target", targetId: "t-c" },
      { kind: "dispatch", targetId: "t-d", fromVersion: "1.0.0" },
    ]);
    expect(movesOf({ ...opening, targets: [aTarget("b"), second("d")] })).toEqual([
      { kind: "dispatch", targetId: "t-b", fromVersion: "1.0.0" },
    ]);
  });

  test("with a settle time it settles first", () => {
    const situation = {
      spec: inWaves({ settleMs: MINUTE }),
      rollout: { waves: two },
      targets: [aTarget("a", HEALTHY), second("c")],
    };
    expect(movesOf(situation)).toEqual([{ kind: "settle_wave", wave: 0, until: START + MINUTE }]);
    expect(reasonsAfter(situation)).toEqual({
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
    const targets = [aTarget("a", HEALTHY), second("c")];
    expect(dispatchedIn({ spec: inWaves({ settleMs: MINUTE }), rollout, targets, after })).toEqual(expected);
  });

  test("the last wave does not settle", () => {
    expect(movesOf({ spec: inWaves({ settleMs: MINUTE }), targets: [aTarget("a", HEALTHY)] })).toEqual([
      { kind: "pass_wave", wave: 0 },
      { kind: "complete" },
    ]);
  });

  test("an empty wave passes at once", () => {
    const kinds = movesOf({
      spec: inWaves({ settleMs: MINUTE }),
      rollout: { waves: two },
      targets: [second("c")],
    });
    expect(kinds.map(({ kind }) => kind)).toEqual(["pass_wave", "open_wave", "dispatch"]);
  });

  test("under manual approval it pauses before the next wave", () => {
    const situation = {
      spec: inWaves({ approval: "manual" }),
      rollout: { waves: two },
      targets: [aTarget("a", HEALTHY), second("c")],
    };
    expect(movesOf(situation)).toEqual([
      { kind: "pass_wave", wave: 0 },
      { kind: "pause", cause: "approval_required", touched: null },
    ]);
    expect(reasonsAfter(situation)).toEqual({
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
    const targets = [aTarget("a", HEALTHY), second("c")];
    expect(movesOf({ spec: inWaves({ approval: "manual" }), rollout, targets })).toEqual([
      { kind: "resume" },
      { kind: "open_wave", wave: 1, forgivenBefore: 0 },
      { kind: "dispatch", targetId: "t-c", fromVersion: "1.0.0" },
    ]);
  });

  test("the first wave needs no approval", () => {
    const rollout = { waves: [aWave(0)] };
    expect(dispatchedIn({ spec: inWaves({ approval: "manual" }), rollout, targets: pending("a") })).toEqual([
      "t-a",
    ]);
  });
});

describe("agents that are offline", () => {
  const away = { a: { online: false } };

  test("do not hold back the next wave when the others have ended", () => {
    const rollout = { waves: [OPEN, aWave(1)] };
    const targets = [...pending("a"), aTarget("b", HEALTHY), aTarget("c", { kind: "pending" }, { wave: 1 })];
    const situation = { spec: inWaves(), rollout, targets, agents: away };
    expect(dispatchedIn(situation)).toEqual(["t-c"]);
    expect(reasonsAfter(situation)).toEqual({
      targets: ["offline", null, null],
      waves: [null, "in_progress"],
      rollout: "in_progress",
    });
  });

  test("hold back the next wave while no target of their own has ended", () => {
    const rollout = { waves: [OPEN, aWave(1)] };
    const targets = [...pending("a"), aTarget("c", { kind: "pending" }, { wave: 1 })];
    const situation = { spec: inWaves(), rollout, targets, agents: away };
    expect(movesOf(situation)).toEqual([]);
    expect(reasonsAfter(situation)).toEqual({
      targets: ["offline", "waiting_for_wave"],
      waves: ["offline", "earlier_wave"],
      rollout: "offline",
    });
  });

  test("are dispatched when they return, after their wave has passed and later ones have opened", () => {
    const rollout = { waves: [aWave(0, { kind: "passed" }), aWave(1, { kind: "open" })] };
    const targets = [...pending("a"), aTarget("c", { kind: "verifying" }, { wave: 1 })];
    expect(movesOf({ spec: inWaves(), rollout, targets })).toEqual([
      { kind: "dispatch", targetId: "t-a", fromVersion: "1.0.0" },
    ]);
  });

  test("bring a wave that has passed to its threshold when they return and fail", () => {
    const rollout = { waves: [aWave(0, { kind: "passed" }), aWave(1, { kind: "open" })] };
    const targets = [aTarget("a", FAILED), aTarget("c", { kind: "pending" }, { wave: 1 })];
    expect(movesOf({ spec: inWaves(), rollout, targets })).toEqual([
      { kind: "pause", cause: "failure_threshold", touched: 1 },
      { kind: "fail_wave", wave: 0 },
    ]);
  });

  test("keep the rollout running until they have been updated", () => {
    const rollout = { waves: [aWave(0, { kind: "passed" })] };
    const situation = { rollout, targets: [...pending("a"), aTarget("b", HEALTHY)], agents: away };
    expect(movesOf(situation)).toEqual([]);
    expect(reasonsAfter(situation)).toEqual({
      targets: ["offline", null],
      waves: [null],
      rollout: "offline",
    });
  });

  test("are not dispatched by a paused rollout, whatever they do", () => {
    const rollout = { state: { kind: "paused", cause: "operator" } } as const;
    const situation = { rollout, targets: pending("a") };
    expect(movesOf(situation)).toEqual([]);
    expect(reasonsAfter(situation)).toEqual({
      targets: ["operator"],
      waves: ["operator"],
      rollout: "operator",
    });
  });
});

describe("hours", () => {
  test.each(["outside_window", "frozen"] as const)("an agent that is %s waits, and says so", (hours) => {
    const situation = { targets: pending("a"), agents: { a: { hours } } };
    expect(movesOf(situation)).toEqual([]);
    expect(reasonsAfter(situation)).toEqual({ targets: [hours], waves: [hours], rollout: hours });
  });

  test("a wave whose hours are over holds back the next one: it goes on when they come again", () => {
    const rollout = { waves: [OPEN, aWave(1)] };
    const targets = [...pending("a"), aTarget("b", HEALTHY), aTarget("c", { kind: "pending" }, { wave: 1 })];
    const closed = { a: { hours: "outside_window" } } as const;
    expect(movesOf({ spec: inWaves(), rollout, targets, agents: closed })).toEqual([]);
    expect(dispatchedIn({ spec: inWaves(), rollout, targets })).toEqual(["t-a"]);
  });

  test("the way back is open at any hour", () => {
    const target = aTarget(
      "a",
      { kind: "pending" },
      { purpose: "return", fromVersion: "2.0.0", toVersion: "1.0.0" },
    );
    const rollout = { state: { kind: "rolling_back" } } as const;
    const agents = { a: { hours: "frozen", version: "2.0.0" } } as const;
    expect(dispatchedIn({ rollout, targets: [target], agents })).toEqual([target.id]);
  });
});
