import { TARGET_TRANSITIONS, type Target, type TargetState } from "@muster/core";
import { operationSchema } from "@muster/protocol/http";
import { expect, test } from "vitest";
import { operationStatus } from "./status.ts";

const target = (state: TargetState, change: Partial<Target> = {}): Target => ({
  id: "t1",
  rolloutId: "r1",
  agentId: "a1",
  purpose: "update",
  attempt: 1,
  wave: 0,
  fromVersion: "1.0.0",
  toVersion: "2.0.0",
  state,
  since: 5,
  progressAt: 5,
  reason: null,
  ...change,
});
const statusOf = (of: Target | null, rolloutReason: string | null = null) =>
  operationStatus({ createdAt: 1, target: of, rolloutReason });

const PHASES: Record<TargetState["kind"], string> = {
  pending: "pending",
  dispatched: "in_progress",
  downloading: "in_progress",
  verifying: "in_progress",
  staging: "in_progress",
  restarting: "in_progress",
  healthy: "succeeded",
  failed: "failed",
  rolled_back: "failed",
  canceled: "canceled",
  superseded: "canceled",
};

test("every state of a target is a phase, with conditions that agree with it", () => {
  for (const kind of Object.keys(TARGET_TRANSITIONS) as TargetState["kind"][]) {
    const data = { receivedBytes: 1, totalBytes: 2, code: "DISK_SHORT", message: "no room" };
    const { phase, conditions } = statusOf(target({ kind, ...data } as TargetState));
    expect([kind, phase]).toEqual([kind, PHASES[kind]]);
    expect(operationSchema.shape.status.shape.conditions.parse(conditions)).toEqual(conditions);
    const succeeded = conditions.find(({ type }) => type === "succeeded")?.status;
    const expected = { succeeded: "true", failed: "false", canceled: "false" }[phase as string] ?? "unknown";
    expect([kind, succeeded]).toEqual([kind, expected]);
  }
});

test("a failure is told by its code, and when", () => {
  const { conditions } = statusOf(
    target({ kind: "rolled_back", code: "PROBATION_CRASHED", message: "it ended" }),
  );
  expect(conditions.at(-1)).toEqual({
    type: "succeeded",
    status: "false",
    reason: "PROBATION_CRASHED",
    message: "it ended",
    lastTransitionTime: 5,
  });
});

test("what waits says for what: the target's reason, or else the rollout's", () => {
  const waiting = target({ kind: "pending" }, { reason: "offline" });
  expect(statusOf(waiting, "frozen").conditions[1]).toMatchObject({ status: "false", reason: "offline" });
  expect(statusOf(target({ kind: "pending" }), "frozen").conditions[1]).toMatchObject({
    reason: "frozen",
    message: "updates are frozen at this time",
  });
});

test("a machine that is brought back is not there, whatever its return comes to", () => {
  const back = statusOf(target({ kind: "healthy" }, { purpose: "return" }));
  expect(back).toMatchObject({ phase: "canceled" });
  expect(back.conditions.at(-1)).toMatchObject({ status: "false", reason: "taken_back" });
});

test("nothing to do is done", () => {
  expect(statusOf(null)).toMatchObject({ phase: "succeeded" });
});
