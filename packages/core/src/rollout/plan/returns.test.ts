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
  pending,
  type Situation,
} from "../../testing/index.ts";
import type { RolloutSpec, Target } from "../rollout.ts";

const MINUTE = 60_000;

/** The return of an agent that was updated. */
function back(agentId: string, state: Target["state"]): Target {
  const versions = { fromVersion: "2.0.0", toVersion: "1.0.0" };
  return aTarget(agentId, state, { id: `return-${agentId}`, purpose: "return", ...versions });
}

describe("returning", () => {
  const spec: Partial<RolloutSpec> = {
    failurePolicy: { threshold: { count: 1 }, action: "roll_back", silentAfterMs: MINUTE },
  };
  const rollout = { state: { kind: "rolling_back" }, waves: [aWave(0, { kind: "failed" })] } as const;
  const onNew = { version: "2.0.0" };

  test("at the threshold the updated agents are brought back, and the others are left as they are", () => {
    const targets = [aTarget("a", HEALTHY), aTarget("b", FAILED), ...pending("c")];
    const situation = { spec, targets, agents: { a: onNew } };
    expect(movesOf(situation)).toEqual([
      { kind: "begin_return", touched: 2 },
      { kind: "fail_wave", wave: 0 },
      { kind: "cancel_target", targetId: "t-c" },
      { kind: "add_return", agentId: "a", wave: 0, fromVersion: "2.0.0", toVersion: "1.0.0" },
    ]);
    expect(reasonsAfter(situation).rollout).toBe("returning");
  });

  test("nothing to bring back: it ends in the same plan", () => {
    expect(
      movesOf({ spec, targets: [aTarget("b", FAILED), ...pending("c")] }).map(({ kind }) => kind),
    ).toEqual(["begin_return", "fail_wave", "cancel_target", "finish_rolled_back"]);
  });

  test("returns are dispatched within the targets under way, without batches", () => {
    const batches = { kind: "batches", size: 1, delayMs: MINUTE } as const;
    const situation: Situation = {
      spec: { ...spec, strategy: batches, maxInFlight: 2 },
      rollout: { ...rollout, lastBatchAt: START },
      targets: ["a", "b", "c", "d"].flatMap((id) => [aTarget(id, HEALTHY), back(id, { kind: "pending" })]),
      agents: { a: onNew, b: onNew, c: onNew, d: { ...onNew, online: false } },
    };
    expect(dispatchedIn(situation)).toEqual(["return-a", "return-b"]);
    expect(reasonsAfter(situation).targets.filter((_, index) => index % 2 === 1)).toEqual([
      null,
      null,
      "waiting_for_slot",
      "offline",
    ]);
  });

  test("an update that was under way and succeeds after the halt is brought back too", () => {
    const targets = [aTarget("a", HEALTHY), back("a", HEALTHY), aTarget("b", HEALTHY)];
    expect(movesOf({ spec, rollout, targets, agents: { b: onNew } })).toEqual([
      { kind: "add_return", agentId: "b", wave: 0, fromVersion: "2.0.0", toVersion: "1.0.0" },
    ]);
  });

  test("an agent that timed out but did get there is brought back, one that did not is not", () => {
    const expiring = aTarget("e", { kind: "dispatched" });
    const targets = [aTarget("a", FAILED), aTarget("b", FAILED), expiring];
    const agents = { a: onNew, b: {}, e: onNew };
    expect(movesOf({ spec, rollout, targets, agents, after: MINUTE }).slice(1)).toEqual([
      { kind: "add_return", agentId: "a", wave: 0, fromVersion: "2.0.0", toVersion: "1.0.0" },
      { kind: "add_return", agentId: "e", wave: 0, fromVersion: "2.0.0", toVersion: "1.0.0" },
    ]);
  });

  test("it waits for updates under way", () => {
    expect(movesOf({ spec, rollout, targets: [aTarget("b", { kind: "restarting" })] })).toEqual([]);
  });

  test("all returned: it is rolled back", () => {
    const targets = [
      aTarget("a", HEALTHY),
      back("a", HEALTHY),
      aTarget("b", HEALTHY),
      back("b", { kind: "superseded" }),
    ];
    expect(movesOf({ spec, rollout, targets })).toEqual([{ kind: "finish_rolled_back" }]);
  });

  test("an agent that did not return, or has no version to return to, fails the rollout", () => {
    const targets = [
      aTarget("a", HEALTHY),
      back("a", HEALTHY),
      aTarget("b", HEALTHY),
      back("b", FAILED),
      aTarget("c", HEALTHY, { fromVersion: null }),
    ];
    const message = "2 of 3 updated agents did not return";
    expect(movesOf({ spec, rollout, targets, agents: { c: onNew } })).toEqual([
      { kind: "fail", code: "ROLLOUT_RETURN_INCOMPLETE", message },
    ]);
  });
});
