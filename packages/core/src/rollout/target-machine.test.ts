import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { aTarget, matrixOf, sortedTable, START, tableOf } from "../testing/index.ts";
import { TARGET_TRANSITIONS, type TargetState } from "./rollout.ts";
import {
  changeTarget,
  isTargetEnded,
  isUnderWay,
  TARGET_STAGES,
  transitionTarget,
  type TargetEvent,
} from "./target-machine.ts";

const failure = { code: "PROBATION_CRASHED", message: "it crashed" } as const;
const STATES: readonly TargetState[] = [
  { kind: "pending" },
  { kind: "dispatched" },
  { kind: "downloading", receivedBytes: 10, totalBytes: 100 },
  { kind: "verifying" },
  { kind: "staging" },
  { kind: "restarting" },
  { kind: "healthy" },
  { kind: "failed", ...failure },
  { kind: "rolled_back", ...failure },
  { kind: "canceled" },
  { kind: "superseded" },
];
const EVENTS = {
  dispatch: { kind: "dispatch" },
  expire: { kind: "expire", code: "TARGET_STAGE_TIMEOUT", message: "too late" },
  cancel: { kind: "cancel" },
  supersede: { kind: "supersede" },
  downloading: { kind: "progress", stage: "downloading", receivedBytes: 20, totalBytes: 100 },
  verifying: { kind: "progress", stage: "verifying" },
  staging: { kind: "progress", stage: "staging" },
  restarting: { kind: "progress", stage: "restarting" },
  healthy: { kind: "outcome", result: "healthy" },
  failed: { kind: "outcome", result: "failed", ...failure },
  rolled_back: { kind: "outcome", result: "rolled_back", ...failure },
} as const satisfies Record<string, TargetEvent>;

const matrix = matrixOf({
  states: STATES,
  events: EVENTS,
  transition: transitionTarget,
  refusal: "TARGET_TRANSITION_INVALID",
});

describe("every state with every event", () => {
  test("the machine makes exactly the transitions of the table", () => {
    expect(STATES.map(({ kind }) => kind)).toEqual(Object.keys(TARGET_TRANSITIONS));
    expect(tableOf(matrix)).toEqual(sortedTable(TARGET_TRANSITIONS));
  });

  test("a pending target can be told, canceled or superseded, and an agent cannot speak of it", () => {
    const { dispatch, cancel, supersede, ...rest } = matrix.pending!;
    expect([dispatch, cancel, supersede]).toEqual(["dispatched", "canceled", "superseded"]);
    expect(new Set(Object.values(rest))).toEqual(new Set(["-"]));
  });

  test.each(TARGET_STAGES)("%s: the controller can only expire it", (stage) => {
    const { dispatch, cancel, supersede, expire } = matrix[stage]!;
    expect([dispatch, cancel, supersede, expire]).toEqual(["-", "-", "-", "failed"]);
  });

  test.each([
    ["dispatched", ["downloading", "verifying", "staging", "restarting"]],
    ["downloading", ["downloading", "verifying", "staging", "restarting"]],
    ["verifying", ["same", "same", "staging", "restarting"]],
    ["staging", ["same", "same", "same", "restarting"]],
    ["restarting", ["same", "same", "same", "same"]],
  ])("%s: stages skip forward and an older one changes nothing", (stage, expected) => {
    const { downloading, verifying, staging, restarting } = matrix[stage]!;
    expect([downloading, verifying, staging, restarting]).toEqual(expected);
  });

  test.each(STATES.filter(isTargetEnded).map(({ kind }) => kind))(
    "%s: late reports change nothing, and the controller's events are refused",
    (kind) => {
      const { dispatch, expire, cancel, supersede, ...reports } = matrix[kind]!;
      expect([dispatch, expire, cancel, supersede]).toEqual(["-", "-", "-", "-"]);
      expect(new Set(Object.values(reports))).toEqual(new Set(["same"]));
    },
  );

  test("a refusal names the state and the event", () => {
    expect(() => transitionTarget({ kind: "healthy" }, EVENTS.cancel)).toThrow(
      expect.objectContaining({
        code: "TARGET_TRANSITION_INVALID",
        details: { state: "healthy", event: "cancel" },
      }),
    );
  });
});

describe("a download", () => {
  const state: TargetState = { kind: "downloading", receivedBytes: 10, totalBytes: 100 };

  test("moves with every byte more", () => {
    expect(transitionTarget(state, { ...EVENTS.downloading, receivedBytes: 11 })).toEqual({
      kind: "downloading",
      receivedBytes: 11,
      totalBytes: 100,
    });
  });

  test.each([10, 9, 0])("does not move with %i bytes of 10 already there", (receivedBytes) => {
    expect(transitionTarget(state, { ...EVENTS.downloading, receivedBytes })).toBe(state);
  });
});

describe("a target's times and reason", () => {
  const later = START + 5000;

  test("a new kind of state begins now and needs no reason any more", () => {
    const target = aTarget("a", { kind: "dispatched" }, { reason: "silent" });
    expect(changeTarget(target, EVENTS.downloading, later)).toMatchObject({
      since: later,
      progressAt: later,
      reason: null,
    });
  });

  test("more bytes are progress in the same state", () => {
    const target = aTarget("a", { kind: "downloading", receivedBytes: 10, totalBytes: 100 });
    expect(changeTarget(target, EVENTS.downloading, later)).toMatchObject({
      since: START,
      progressAt: later,
    });
  });

  test("a download that reports the same bytes is not alive", () => {
    const target = aTarget("a", { kind: "downloading", receivedBytes: 20, totalBytes: 100 });
    expect(changeTarget(target, EVENTS.downloading, later)).toBe(target);
  });

  test("another report of the stage it is in is a sign of life, and no new start", () => {
    const target = aTarget("a", { kind: "restarting" });
    expect(changeTarget(target, EVENTS.restarting, later)).toEqual({ ...target, progressAt: later });
  });

  test("a report of an older stage is no sign of life", () => {
    const target = aTarget("a", { kind: "restarting" });
    expect(changeTarget(target, EVENTS.verifying, later)).toBe(target);
  });

  test("an expiry is not a report", () => {
    const target = aTarget("a", { kind: "dispatched" });
    expect(changeTarget(target, EVENTS.expire, later)).toMatchObject({ since: later, progressAt: START });
  });
});

test("whatever is reported, a target only goes forward and an ended one never changes", () => {
  const order = ["pending", ...TARGET_STAGES];
  const rank = ({ kind }: TargetState) => (order.includes(kind) ? order.indexOf(kind) : order.length);
  const reports = fc.array(
    fc.constantFrom(...Object.values(EVENTS).filter(({ kind }) => kind === "progress" || kind === "outcome")),
  );
  fc.assert(
    fc.property(reports, (events) => {
      let state: TargetState = { kind: "dispatched" };
      for (const event of events) {
        const next: TargetState = transitionTarget(state, event);
        expect(!isTargetEnded(state) || next === state).toBe(true);
        expect(rank(next)).toBeGreaterThanOrEqual(rank(state));
        expect(isUnderWay(next)).toBe(!isTargetEnded(next));
        state = next;
      }
    }),
  );
});
