import { describe, expect, test } from "vitest";
import {
  aTarget,
  aWave,
  HEALTHY,
  inWaves,
  movesOf,
  pending,
  reasonsAfter,
  RUNNING,
  second,
  START,
  type Situation,
} from "../../testing/index.ts";
import type { OfflinePolicy } from "../rollout.ts";

const MINUTE = 60_000;
const AWAY = { online: false };
const offline = (change: Partial<OfflinePolicy>): Pick<NonNullable<Situation["spec"]>, "offline"> => ({
  offline: { doneAtPercent: null, expireAfterMs: null, ...change },
});
const expired = (id: string) => ({
  kind: "cancel_target",
  targetId: `t-${id}`,
  code: "TARGET_OFFLINE_EXPIRED",
  message: expect.stringContaining("not connected"),
});

describe("agents that are not connected", () => {
  const situation: Situation = {
    spec: offline({ expireAfterMs: 5 * MINUTE }),
    targets: [aTarget("a", HEALTHY), ...pending("b")],
    agents: { b: AWAY },
  };

  test("are waited for without end unless something else is asked for", () => {
    const waiting = { ...situation, spec: offline({}), after: 365 * 24 * 60 * MINUTE };
    expect(movesOf(waiting)).toEqual([{ kind: "pass_wave", wave: 0 }]);
    expect(reasonsAfter(waiting).targets).toEqual([null, "offline"]);
  });

  test("are given up when their time since the wave opened is over, and not before", () => {
    expect(movesOf({ ...situation, after: 5 * MINUTE - 1 })).toEqual([{ kind: "pass_wave", wave: 0 }]);
    expect(movesOf({ ...situation, after: 5 * MINUTE })).toEqual([
      expired("b"),
      { kind: "pass_wave", wave: 0 },
      { kind: "complete" },
    ]);
  });

  test("have all of their time from a retry on", () => {
    const retried = aTarget("b", { kind: "pending" }, { since: START + 3 * MINUTE });
    const later = { ...situation, targets: [aTarget("a", HEALTHY), retried] };
    expect(movesOf({ ...later, after: 7 * MINUTE })).not.toContainEqual(expired("b"));
    expect(movesOf({ ...later, after: 8 * MINUTE })).toContainEqual(expired("b"));
  });

  test("are not given up for another reason, nor while the rollout stands", () => {
    const busy = { ...situation, agents: { b: { busyElsewhere: true } }, after: 9 * MINUTE };
    expect(reasonsAfter(busy).targets).toEqual([null, "other_rollout"]);
    const paused = { state: { kind: "paused", cause: "operator" } } as const;
    expect(movesOf({ ...situation, rollout: paused, after: 9 * MINUTE })).toEqual([]);
  });

  test("a rollout that nobody could be given has no success", () => {
    expect(movesOf({ ...situation, targets: pending("b"), after: 5 * MINUTE })).toEqual([
      expired("b"),
      { kind: "pass_wave", wave: 0 },
      { kind: "fail", code: "ROLLOUT_NO_SUCCESS", message: expect.stringContaining("1 could not be given") },
    ]);
  });

  test("a wave that has shown nothing lets the next one open only by an approval", () => {
    const canary: Situation = {
      ...situation,
      spec: { ...situation.spec, ...inWaves({ waves: [{ percent: 50 }, { percent: 100 }] }) },
      rollout: { state: RUNNING, waves: [aWave(0, { kind: "open" }), aWave(1)] },
      targets: [...pending("b"), second("c")],
      after: 5 * MINUTE,
    };
    expect(movesOf(canary)).toEqual([
      expired("b"),
      { kind: "pass_wave", wave: 0 },
      { kind: "pause", cause: "approval_required", touched: null },
    ]);
  });

  test.each([
    [50, true],
    [51, false],
  ])("a wave that is half done passes at %d percent: %s", (doneAtPercent, passes) => {
    const half = { ...situation, spec: offline({ doneAtPercent }) };
    expect(movesOf(half)).toEqual(passes ? [{ kind: "pass_wave", wave: 0 }] : []);
    expect(reasonsAfter(half).targets).toEqual([null, "offline"]);
  });
});
