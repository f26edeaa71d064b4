import { expect, test } from "vitest";
import { absoluteTime, countdown, duration, exactDuration, fineDuration, relativeTime } from "./time.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

test("a moment is told by its distance, past and future", () => {
  const now = 1_700_000_000_000;
  const told = (distance: number) => relativeTime(now - distance, now);
  expect(told(0)).toBe("now");
  expect(told(4 * SECOND)).toBe("now");
  expect(told(12 * SECOND)).toBe("12 s ago");
  expect(told(59 * MINUTE)).toBe("59 min ago");
  expect(told(HOUR)).toBe("1 h ago");
  expect(told(3 * DAY + HOUR)).toBe("3 d ago");
  expect(told(-4 * MINUTE)).toBe("in 4 min");
});

test("a clock of the server that is a little ahead makes no future of the present", () => {
  expect(relativeTime(2000, 0)).toBe("now");
});

test("a duration has its two largest units", () => {
  expect(duration(380)).toBe("380 ms");
  expect(duration(8 * SECOND)).toBe("8 s");
  expect(duration(2 * MINUTE + 5 * SECOND)).toBe("2 min 05 s");
  expect(duration(HOUR + 4 * MINUTE + 59 * SECOND)).toBe("1 h 04 min");
  expect(duration(3 * DAY + 2 * HOUR)).toBe("3 d 2 h");
  expect(duration(-5)).toBe("0 ms");
});

test("a short downtime is told to the tenth of a second and never rounded up", () => {
  expect(fineDuration(999)).toBe("999 ms");
  expect(fineDuration(2190)).toBe("2.1 s");
  expect(fineDuration(9999)).toBe("9.9 s");
  expect(fineDuration(10_000)).toBe("10 s");
});

test("a setting is told exactly, without parts that are zero", () => {
  expect(exactDuration(0)).toBe("0 ms");
  expect(exactDuration(30 * SECOND)).toBe("30 s");
  expect(exactDuration(90 * MINUTE)).toBe("1 h 30 min");
  expect(exactDuration(DAY)).toBe("1 d");
});

test("a countdown ends at zero and shows a second as long as a part of it is left", () => {
  expect(countdown(252_000, 0)).toBe("04:12");
  expect(countdown(HOUR + 252_000, 0)).toBe("1:04:12");
  expect(countdown(1, 0)).toBe("00:01");
  expect(countdown(0, 5000)).toBe("00:00");
});

test("the absolute time names its zone", () => {
  expect(absoluteTime(Date.UTC(2026, 4, 4, 13, 7, 9))).toMatch(
    /^2026-05-0[345] \d\d:\d\d:09 UTC(?:[+−]\d{1,2}(?::\d\d)?)?$/,
  );
});
