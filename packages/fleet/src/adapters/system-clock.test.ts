import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createSystemClock } from "./system-clock.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test("a wake-up comes once, and not before its time", () => {
  const clock = createSystemClock();
  const wake = vi.fn<() => void>();
  clock.wakeAt(clock.now() + 1000, wake);
  vi.advanceTimersByTime(999);
  expect(wake).not.toHaveBeenCalled();
  vi.advanceTimersByTime(100_000);
  expect(wake).toHaveBeenCalledOnce();
});

test("a wake-up further away than a timer can count still comes on time", () => {
  const clock = createSystemClock();
  const wake = vi.fn<() => void>();
  const days = 40 * 86_400_000;
  clock.wakeAt(clock.now() + days, wake);
  vi.advanceTimersByTime(days - 1);
  expect(wake).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(wake).toHaveBeenCalledOnce();
});

test("a wake-up notices within a minute that the wall clock was set forward", () => {
  const clock = createSystemClock();
  const wake = vi.fn<() => void>();
  clock.wakeAt(clock.now() + 3_600_000, wake);
  vi.setSystemTime(clock.now() + 3_600_000);
  vi.advanceTimersByTime(60_000);
  expect(wake).toHaveBeenCalledOnce();
});

test("a wake-up that was called off does not come", () => {
  const clock = createSystemClock();
  const wake = vi.fn<() => void>();
  const callOff = clock.wakeAt(clock.now() + 90_000, wake);
  vi.advanceTimersByTime(61_000);
  callOff();
  vi.advanceTimersByTime(90_000);
  expect(wake).not.toHaveBeenCalled();
});
