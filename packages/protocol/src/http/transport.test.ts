import fc from "fast-check";
import { expect, test } from "vitest";
import { backoffMs, path } from "./transport.ts";

test("a path's parts are encoded and its own text is not", () => {
  expect(path`/api/${"a/b"}/c/${1}`).toBe("/api/a%2Fb/c/1");
});

test("the delay before another attempt grows to ten seconds and never falls below half", () => {
  expect([0, 1, 2, 20, 2000].map((attempt) => backoffMs(attempt, 0))).toEqual([
    200, 400, 800, 10_000, 10_000,
  ]);
  fc.assert(
    fc.property(fc.nat(), fc.double({ min: 0, max: 1, noNaN: true }), (attempt, random) => {
      const delay = backoffMs(attempt, random);
      expect(delay).toBeGreaterThanOrEqual(100);
      expect(delay).toBeLessThanOrEqual(10_000);
    }),
  );
});
