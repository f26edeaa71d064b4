import { expect, test } from "vitest";
import * as fc from "fast-check";
import { percentile, summarize } from "./statistics.ts";

test("a percentile is the nearest value from below that enough others are not above", () => {
  const hundred = Array.from({ length: 100 }, (_, index) => index + 1);
  expect([0, 1, 50, 99, 100].map((percent) => percentile(hundred, percent))).toEqual([1, 1, 50, 99, 100]);
  expect(percentile([3, 9], 50)).toBe(3);
  expect(percentile([3, 9], 51)).toBe(9);
});

test("nothing has no percentile", () => {
  expect(summarize([])).toEqual({ count: 0, p50: Number.NaN, p99: Number.NaN, max: Number.NaN });
});

test("values are ordered as numbers, and the input stays as it was", () => {
  const values = [10, 9, 100];
  expect(summarize(values)).toEqual({ count: 3, p50: 10, p99: 100, max: 100 });
  expect(values).toEqual([10, 9, 100]);
});

test("every percentile is a value, and enough others are not above it", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer(), { minLength: 1 }),
      fc.integer({ min: 1, max: 100 }),
      (values, percent) => {
        const found = percentile(
          values.toSorted((left, right) => left - right),
          percent,
        );
        expect(values).toContain(found);
        const below = values.filter((value) => value <= found).length;
        expect(below).toBeGreaterThanOrEqual((percent / 100) * values.length);
      },
    ),
  );
});
