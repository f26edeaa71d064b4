import fc from "fast-check";
import { expect, test } from "vitest";
import { backoffMs, LONGEST_WAIT_MS, probationWaitMs } from "./backoff.ts";

test("waits double up to a minute, half of them by chance", () => {
  const most = Array.from({ length: 10 }, (_, attempt) => backoffMs(attempt, { random: () => 1 }));
  expect(most).toEqual([250, 500, 1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
  expect(backoffMs(3, { random: () => 0 })).toBe(1000);
});

test("a version on probation tries many times within its deadline, however long the gateway was away", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1000, max: 86_400_000 }), fc.nat(1000), (deadlineMs, attempt) => {
      const longestMs = probationWaitMs({ deadlineMs, stabilizationMs: 0, maxBoots: 1 });
      const waitMs = backoffMs(attempt, { random: () => 1, longestMs });
      expect(waitMs).toBeLessThanOrEqual(Math.min(LONGEST_WAIT_MS, Math.max(250, deadlineMs / 12)));
    }),
  );
});
