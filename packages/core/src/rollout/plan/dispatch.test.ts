import { describe, expect, test } from "vitest";
import {
  aTarget,
  aWave,
  someFacts,
  START,
  HEALTHY,
  FAILED,
  planInput,
  movesOf,
  dispatchedIn,
  reasonsAfter,
  pending,
  type Situation,
} from "../../testing/index.ts";
import { planRollout } from "../plan-rollout.ts";
import type { AgentFacts } from "../rollout.ts";

const MINUTE = 60_000;
const OPEN = aWave(0, { kind: "open" });

const inRack = (rack: string): Partial<AgentFacts> => ({ labels: { rack } });

describe("dispatching", () => {
  test("no more are under way than allowed, and the others wait for a slot", () => {
    const situation: Situation = {
      spec: { maxInFlight: 2 },
      targets: [aTarget("a", { kind: "verifying" }), ...pending("b", "c", "d")],
    };
    expect(dispatchedIn(situation)).toEqual(["t-b"]);
    expect(reasonsAfter(situation).targets).toEqual([null, null, "waiting_for_slot", "waiting_for_slot"]);
  });

  test("no more of one rack are under way than the spread allows; others overtake them", () => {
    const situation: Situation = {
      spec: { spread: { label: "rack", max: 2 } },
      targets: [aTarget("a", { kind: "restarting" }), ...pending("b", "c", "d", "e")],
      agents: { a: inRack("r1"), b: inRack("r1"), c: inRack("r1"), d: inRack("r2") },
    };
    expect(dispatchedIn(situation)).toEqual(["t-b", "t-d", "t-e"]);
    expect(reasonsAfter(situation).targets).toEqual([null, null, "spread", null, null]);
  });

  test("agents without the label are not limited", () => {
    const spec = { spread: { label: "rack", max: 1 } };
    expect(dispatchedIn({ spec, targets: pending("a", "b", "c") })).toHaveLength(3);
  });

  test("a batch in which nobody can be dispatched is not begun", () => {
    const situation: Situation = {
      spec: { strategy: { kind: "batches", size: 5, delayMs: MINUTE }, spread: { label: "rack", max: 1 } },
      targets: [aTarget("a", { kind: "staging" }), ...pending("b")],
      agents: { a: inRack("r1"), b: inRack("r1") },
    };
    expect(movesOf(situation)).toEqual([]);
    expect(reasonsAfter(situation).targets).toEqual([null, "spread"]);
  });

  test("no more download than the budget allows, and one that has its archive makes room", () => {
    const targets = [aTarget("a", { kind: "dispatched" }), aTarget("b", { kind: "verifying" })];
    const situation: Situation = {
      spec: { maxDownloads: 2 },
      targets: [...targets, ...pending("c", "d")],
    };
    expect(dispatchedIn(situation)).toEqual(["t-c"]);
    expect(reasonsAfter(situation).targets).toEqual([null, null, null, "bandwidth"]);
  });

  test.each<[string, Partial<AgentFacts>]>([
    ["offline", { online: false }],
    ["disk_short", { diskShort: true }],
    ["other_rollout", { busyElsewhere: true }],
    ["clock_skew", { clockSkewMs: 5 * MINUTE + 1 }],
    ["clock_skew", { clockSkewMs: -5 * MINUTE - 1 }],
    ["offline", { online: false, busyElsewhere: true, clockSkewMs: 10 * MINUTE }],
  ])("an agent is held for %s", (reason, facts) => {
    const situation = { targets: pending("a"), agents: { a: facts } };
    expect(movesOf(situation)).toEqual([]);
    expect(reasonsAfter(situation)).toEqual({ targets: [reason], waves: [reason], rollout: reason });
  });

  test.each([5 * MINUTE, -5 * MINUTE, null])("a clock off by %s ms does not hold it", (clockSkewMs) => {
    expect(dispatchedIn({ targets: pending("a"), agents: { a: { clockSkewMs } } })).toEqual(["t-a"]);
  });

  test("the version to return to is what the agent runs when it is told", () => {
    const agents = { a: { version: "1.0.7" }, b: { version: null } };
    expect(movesOf({ targets: pending("a", "b"), agents })).toEqual([
      { kind: "dispatch", targetId: "t-a", fromVersion: "1.0.7" },
      { kind: "dispatch", targetId: "t-b", fromVersion: null },
    ]);
  });

  test("an agent that runs the version already is superseded, even offline, and one that is gone canceled", () => {
    const agents = { a: { version: "2.0.0", online: false }, b: null };
    expect(movesOf({ targets: pending("a", "b", "c"), agents }).slice(0, 2)).toEqual([
      { kind: "supersede_target", targetId: "t-a" },
      { kind: "cancel_target", targetId: "t-b" },
    ]);
  });

  test("only the newest attempt of an agent counts", () => {
    const retried = aTarget("a", { kind: "pending" }, { id: "t-a-2", attempt: 2 });
    expect(dispatchedIn({ targets: [aTarget("a", FAILED), retried] })).toEqual(["t-a-2"]);
  });

  test("agents are asked for only while something can be dispatched to them", () => {
    const targets = [
      aTarget("a", { kind: "verifying" }),
      aTarget("b", HEALTHY),
      aTarget("c", { kind: "pending" }, { wave: 1 }),
    ];
    const rollout = { waves: [OPEN, aWave(1)] };
    const asked: string[] = [];
    planRollout({ ...planInput({ rollout, targets }), agents: (id) => (asked.push(id), someFacts()) });
    expect(asked).toEqual([]);
  });

  test("a target of a wave that does not exist is an error of the store, not a crash", () => {
    const targets = [aTarget("a", { kind: "pending" }, { wave: 7 })];
    expect(() => movesOf({ targets })).toThrow(expect.objectContaining({ code: "INTERNAL_UNEXPECTED" }));
  });
});

describe("batches", () => {
  const spec = { strategy: { kind: "batches", size: 2, delayMs: 10 * MINUTE } } as const;

  test("a batch is dispatched at once, marked first, and the rest wait for the next", () => {
    const situation = { spec, targets: pending("a", "b", "c") };
    expect(movesOf(situation)).toEqual([
      { kind: "mark_batch", at: START },
      { kind: "dispatch", targetId: "t-a", fromVersion: "1.0.0" },
      { kind: "dispatch", targetId: "t-b", fromVersion: "1.0.0" },
    ]);
    expect(reasonsAfter(situation).targets).toEqual([null, null, "waiting_for_batch"]);
  });

  test.each([
    [10 * MINUTE - 1, []],
    [10 * MINUTE, ["t-c", "t-d"]],
  ])("%i ms after the batch before, %j are due", (after, expected) => {
    const targets = [aTarget("a", HEALTHY), aTarget("b", HEALTHY), ...pending("c", "d", "e")];
    expect(dispatchedIn({ spec, rollout: { lastBatchAt: START }, targets, after })).toEqual(expected);
  });

  test("a batch does not wait for the one before to end, and keeps to the targets under way", () => {
    const targets = [aTarget("a", { kind: "restarting" }), ...pending("b", "c")];
    const rollout = { lastBatchAt: START - 10 * MINUTE };
    expect(dispatchedIn({ spec: { ...spec, maxInFlight: 2 }, rollout, targets })).toEqual(["t-b"]);
  });

  test("a batch is not used up while no agent can take it", () => {
    expect(movesOf({ spec, targets: pending("a"), agents: { a: { online: false } } })).toEqual([]);
  });
});
