import fc from "fast-check";
import { expect, test } from "vitest";
import { spend, type Budget } from "./rate.ts";

const RATE = { perSecond: 10, burst: 5 };

function spendAll(times: readonly number[]): number {
  let budget: Budget = { tokens: RATE.burst, at: 0 };
  let granted = 0;
  for (const now of times) {
    const next = spend(budget, now, RATE);
    if (next) {
      budget = next;
      granted += 1;
    }
  }
  return granted;
}

test("a burst is granted, what is over it is not", () => {
  expect(spendAll([0, 0, 0, 0, 0, 0, 0])).toBe(5);
});

test("what was used comes back with time", () => {
  expect(spendAll([0, 0, 0, 0, 0, 0, 100, 100, 200])).toBe(7);
});

test("never more than burst and rate allow, also when the clock jumps", () => {
  const times = fc.array(fc.integer({ min: 0, max: 5000 }), { maxLength: 300 });
  fc.assert(
    fc.property(times, (unordered) => {
      const sorted = unordered.toSorted((a, b) => a - b);
      expect(spendAll(sorted)).toBeLessThanOrEqual(
        RATE.burst + ((sorted.at(-1) ?? 0) * RATE.perSecond) / 1000,
      );
    }),
  );
  expect(spendAll([1000, 0, 0, 0, 0, 0, 0])).toBe(5);
});
