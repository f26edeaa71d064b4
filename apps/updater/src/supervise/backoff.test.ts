import fc from "fast-check";
import { expect, test } from "vitest";
import { restartDelayMs } from "./backoff.ts";

test.for([
  [1, 0],
  [2, 200],
  [3, 400],
  [4, 800],
  [9, 25_600],
  [10, 30_000],
  [500, 30_000],
] as const)("after %i quick ends the delay is about %i ms", ([ends, delayMs]) => {
  expect(restartDelayMs(ends, 0.5)).toBe(delayMs);
});

test("chance moves a delay by a quarter at most", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 100 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (ends, chance) => {
        const middle = restartDelayMs(ends, 0.5);
        expect(restartDelayMs(ends, chance)).toBeGreaterThanOrEqual(Math.floor(0.75 * middle));
        expect(restartDelayMs(ends, chance)).toBeLessThanOrEqual(Math.ceil(1.25 * middle));
      },
    ),
  );
});
