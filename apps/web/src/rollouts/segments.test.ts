import { expect, test } from "vitest";
import { endedCount, segmentsInWords, segmentsOf } from "./segments.ts";

const COUNTS = {
  planned: 100,
  pending: 40,
  inProgress: 10,
  healthy: 45,
  failed: 2,
  rolledBack: 1,
  silent: 3,
  canceled: 2,
};

test("the parts of a bar make up the whole, silent ones counted once", () => {
  const sum = segmentsOf(COUNTS).reduce((total, { value }) => total + value, 0);
  expect(sum).toBe(COUNTS.planned);
});

test("a silent count that has overtaken the one in progress leaves no negative part", () => {
  const values = segmentsOf({ ...COUNTS, inProgress: 1, silent: 3 }).map(({ value }) => value);
  expect(Math.min(...values)).toBe(0);
});

test("what has come to an end counts, whichever the end", () => {
  expect(endedCount(COUNTS)).toBe(50);
});

test("a bar is told in words for who cannot see it", () => {
  expect(segmentsInWords(COUNTS)).toBe(
    "45 healthy, 7 in progress, 3 silent, 1 rolled back, 2 failed, 40 pending, 2 canceled",
  );
});
