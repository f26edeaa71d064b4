import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createProgressTeller } from "./progress-teller.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test("many numbers are told as few: the first at once, then the last of each interval", () => {
  const told: number[] = [];
  const teller = createProgressTeller((bytes) => told.push(bytes));
  for (let bytes = 1; bytes <= 10; bytes += 1) {
    teller.note(bytes);
    vi.advanceTimersByTime(100);
  }
  expect(told).toEqual([1, 3, 5, 8, 10]);
});

test("what comes before a silence is told in it, and nothing is told twice", () => {
  const told: number[] = [];
  const teller = createProgressTeller((bytes) => told.push(bytes));
  teller.note(1);
  teller.note(2);
  vi.advanceTimersByTime(10_000);
  teller.end();
  expect(told).toEqual([1, 2]);
  expect(vi.getTimerCount()).toBe(0);
});

test("the end tells what was left, and stops", () => {
  const told: number[] = [];
  const teller = createProgressTeller((bytes) => told.push(bytes));
  teller.note(1);
  teller.note(2);
  teller.end();
  vi.advanceTimersByTime(10_000);
  expect(told).toEqual([1, 2]);
});
