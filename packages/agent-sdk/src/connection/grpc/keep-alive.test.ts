import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { keepAlive } from "./keep-alive.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function createSession(answers: boolean, state: { connecting?: boolean; destroyed?: boolean } = {}) {
  const session = {
    connecting: false,
    destroyed: false,
    ...state,
    pings: 0,
    ping: (answered: () => void) => {
      session.pings += 1;
      if (answers) answered();
      return true;
    },
    destroy: () => {
      session.destroyed = true;
    },
  };
  return session;
}

test("an end that answers is asked again every half minute", () => {
  const session = createSession(true);
  keepAlive(session);
  vi.advanceTimersByTime(120_000);
  expect(session).toMatchObject({ pings: 4, destroyed: false });
});

test("one that does not is given up after three quarters of a minute", () => {
  const session = createSession(false);
  keepAlive(session);
  vi.advanceTimersByTime(44_999);
  expect(session).toMatchObject({ pings: 1, destroyed: false });
  vi.advanceTimersByTime(1);
  expect(session.destroyed).toBe(true);
});

test("one that is not there yet, that is gone, or that is left alone is not asked", () => {
  const sessions = [createSession(true, { connecting: true }), createSession(true, { destroyed: true })];
  for (const session of sessions) keepAlive(session);
  const left = createSession(true);
  keepAlive(left)();
  vi.advanceTimersByTime(120_000);
  expect([...sessions, left].map(({ pings }) => pings)).toEqual([0, 0, 0]);
});
