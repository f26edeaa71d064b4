import { expect, test } from "vitest";
import { createFailureLimit } from "./failure-limit.ts";

function limitAt(start: number) {
  const time = { now: start };
  return { time, limit: createFailureLimit({ now: () => time.now, wakeAt: () => () => {} }) };
}

test("ten failures are answered at once, and then one every six seconds", () => {
  const { time, limit } = limitAt(1_000_000);
  const verdicts = Array.from({ length: 12 }, () => limit.fail("a"));
  expect(verdicts).toEqual([...Array.from({ length: 10 }, () => null), 6000, 6000]);
  time.now += 6000;
  expect(limit.fail("a")).toBeNull();
  expect(limit.fail("a")).toBe(6000);
  time.now += 60_000;
  expect(
    Array.from({ length: 11 }, () => limit.fail("a")).filter((verdict) => verdict === null),
  ).toHaveLength(10);
});

test("each address has its own count", () => {
  const { limit } = limitAt(0);
  for (let index = 0; index < 20; index += 1) limit.fail("a");
  expect(limit.fail("b")).toBeNull();
});

test("what is remembered is bounded", () => {
  const { limit } = limitAt(0);
  for (let index = 0; index < 20; index += 1) limit.fail("first");
  for (let index = 0; index < 10_000; index += 1) limit.fail(`other-${index}`);
  expect(limit.fail("first")).toBeNull();
});
