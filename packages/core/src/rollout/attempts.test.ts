import { expect, test } from "vitest";
import { aTarget, START } from "../testing/index.ts";
import { countTouched, latestAttempts, nextAttempt, retryableTargets, standingTargets } from "./attempts.ts";
import type { Target } from "./rollout.ts";

const failed = { kind: "failed", code: "DISK_SHORT", message: "full" } as const;
const first = aTarget("a", failed);
const second = aTarget("a", { kind: "healthy" }, { id: "t-a-2", attempt: 2 });
const other = aTarget("b", { kind: "healthy" });
const back = aTarget("b", { kind: "pending" }, { id: "return-b", purpose: "return" });
const ids = (targets: readonly Target[]) => targets.map(({ id }) => id);

test("of each agent and purpose the newest attempt stands, in the order given", () => {
  expect(ids(latestAttempts([second, first, other, back]))).toEqual(["t-a-2", "t-b", "return-b"]);
  expect(ids(latestAttempts([first, other]))).toEqual(["t-a", "t-b"]);
});

test("an agent that returns stands by its return", () => {
  expect(ids(standingTargets([first, second, other, back]))).toEqual(["t-a-2", "return-b"]);
});

test("what failed or rolled back last can be retried, but not a return", () => {
  const rolledBack = aTarget("c", { ...failed, kind: "rolled_back" });
  const failedReturn = aTarget("d", failed, { purpose: "return" });
  expect(ids(retryableTargets([first, second, other, rolledBack, failedReturn]))).toEqual(["t-c"]);
});

test("the next attempt is pending, in the same wave, and the one before stays as it is", () => {
  const target = { ...first, wave: 3, reason: null };
  expect(nextAttempt(target, "t-new", START + 9)).toEqual({
    ...target,
    id: "t-new",
    attempt: 2,
    state: { kind: "pending" },
    since: START + 9,
    progressAt: START + 9,
  });
  expect(target.state).toEqual(failed);
});

test("a host is touched once, by any attempt that was dispatched, and not by a return", () => {
  const again = aTarget("a", { kind: "pending" }, { id: "t-a-2", attempt: 2 });
  const returning = aTarget("c", { kind: "healthy" }, { purpose: "return" });
  expect(
    countTouched([first, again, other, returning, aTarget("d"), aTarget("e", { kind: "canceled" })]),
  ).toBe(2);
});
