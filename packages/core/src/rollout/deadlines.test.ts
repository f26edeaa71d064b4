import { describe, expect, test } from "vitest";
import { aSpec, aTarget, START } from "../testing/index.ts";
import { countsFrom, deadlineOf, isSilent, silentFrom, type Watch } from "./deadlines.ts";
import type { TargetState } from "./rollout.ts";

const watch: Watch = { spec: aSpec(), listeningSince: 0 };
const { deadlines, limits, failurePolicy } = aSpec();
const downloading: TargetState = { kind: "downloading", receivedBytes: 1, totalBytes: 2 };
const failed: TargetState = { kind: "failed", code: "DISK_SHORT", message: "full" };
/** Entered its stage at START, last heard of 7 seconds later. */
const at = (state: TargetState) => aTarget("a", state, { progressAt: START + 7000 });

describe("the deadline of a stage", () => {
  test.each<[TargetState, number]>([
    [{ kind: "dispatched" }, START + deadlines.dispatched],
    [{ kind: "verifying" }, START + deadlines.verifying],
    [{ kind: "staging" }, START + deadlines.staging],
    [{ kind: "restarting" }, START + deadlines.restarting],
  ])("%j: from when the stage began", (state, expected) => {
    expect(deadlineOf(at(state), watch)).toBe(expected);
  });

  test("of a download: from the last byte", () => {
    expect(deadlineOf(at(downloading), watch)).toBe(START + 7000 + deadlines.downloading);
  });

  test("starts again when the server hears agents again", () => {
    const late = { ...watch, listeningSince: START + 60_000 };
    expect(deadlineOf(at({ kind: "staging" }), late)).toBe(START + 60_000 + deadlines.staging);
    expect(deadlineOf(at(downloading), late)).toBe(START + 60_000 + deadlines.downloading);
  });
});

describe("silence", () => {
  test.each<TargetState>([{ kind: "dispatched" }, downloading, { kind: "verifying" }, { kind: "staging" }])(
    "%j: from the last report",
    (state) => {
      const from = START + 7000 + failurePolicy.silentAfterMs;
      expect(silentFrom(at(state), watch)).toBe(from);
      expect(isSilent(at(state), watch, from - 1)).toBe(false);
      expect(isSilent(at(state), watch, from)).toBe(true);
    },
  );

  test("of a host that restarts: the time that it has to be steady comes on top", () => {
    const from = START + 7000 + failurePolicy.silentAfterMs + limits.stabilizationMs;
    expect(silentFrom(at({ kind: "restarting" }), watch)).toBe(from);
  });

  test("begins anew when the server hears agents again", () => {
    const late = { ...watch, listeningSince: START + 60_000 };
    expect(silentFrom(at({ kind: "staging" }), late)).toBe(START + 60_000 + failurePolicy.silentAfterMs);
  });
});

test.each<TargetState>([
  { kind: "pending" },
  { kind: "healthy" },
  failed,
  { kind: "canceled" },
  { kind: "superseded" },
])("%j has neither a deadline nor silence", (state) => {
  expect(deadlineOf(at(state), watch)).toBeNull();
  expect(silentFrom(at(state), watch)).toBeNull();
  expect(isSilent(at(state), watch, Infinity)).toBe(false);
});

describe("what counts toward the threshold", () => {
  const later = START + 1_000_000;

  test("a failure, from when it was reported", () => {
    expect(countsFrom(aTarget("a", failed), watch, later)).toBe(START);
  });

  test("a timeout, from when the agent fell silent", () => {
    const target = aTarget("a", failed, { since: START + 300_000 });
    expect(countsFrom(target, watch, later)).toBe(START + failurePolicy.silentAfterMs);
  });

  test("a silent target, from when it fell silent, and not before", () => {
    const target = aTarget("a", { kind: "staging" });
    const from = START + failurePolicy.silentAfterMs;
    expect(countsFrom(target, watch, from - 1)).toBeNull();
    expect(countsFrom(target, watch, later)).toBe(from);
  });

  test.each<TargetState>([
    { kind: "healthy" },
    { kind: "pending" },
    { kind: "canceled" },
    { kind: "superseded" },
  ])("not %j", (state) => expect(countsFrom(aTarget("a", state), watch, later)).toBeNull());
});
