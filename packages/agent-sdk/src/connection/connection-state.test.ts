import { ERROR_REGISTRY, type ErrorCode } from "@muster/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { backoffMs } from "./backoff.ts";
import {
  CONNECTION_TRANSITIONS,
  nextConnection,
  STEADY_MS,
  type ConnectionEvent,
  type ConnectionState,
} from "./connection-state.ts";

const half = { random: () => 0.5 };
const STATES: readonly ConnectionState[] = [
  { kind: "stopped" },
  { kind: "greeting", attempt: 2 },
  { kind: "open", attempt: 2, sinceMs: 1000 },
  { kind: "waiting", attempt: 2, delayMs: 5, because: null },
];
const EVENTS: readonly ConnectionEvent[] = [
  { kind: "start" },
  { kind: "welcomed", nowMs: 5 },
  { kind: "ended", nowMs: 5, code: "SERVER_UNREACHABLE" },
  { kind: "reconnect", delayMs: 100 },
  { kind: "due" },
  { kind: "stop" },
];
const EXPECTED: Readonly<Record<string, string>> = {
  "stopped start": "greeting",
  "greeting welcomed": "open",
  "greeting ended": "waiting",
  "greeting stop": "stopped",
  "open ended": "waiting",
  "open reconnect": "waiting",
  "open stop": "stopped",
  "waiting reconnect": "waiting",
  "waiting due": "greeting",
  "waiting stop": "stopped",
};

describe("every state and every event", () => {
  const pairs = STATES.flatMap((state) => EVENTS.map((event) => [state, event] as const));
  test.each(pairs)("%o + %o", (state, event) => {
    const next = nextConnection(state, event, half);
    const expected = EXPECTED[`${state.kind} ${event.kind}`];
    expect(next.kind).toBe(expected ?? state.kind);
    expect(next === state).toBe(expected === undefined);
    const allowed: readonly string[] = CONNECTION_TRANSITIONS[state.kind];
    expect(next === state || allowed.includes(next.kind)).toBe(true);
  });
});

function afterEnd(
  state: ConnectionState,
  code: ErrorCode | null,
  nowMs = 2000,
): { attempt: number; delayMs: number } {
  const next = nextConnection(state, { kind: "ended", nowMs, code }, half);
  if (next.kind !== "waiting") throw new Error(`is ${next.kind}`);
  return next;
}

test("the first reconnection is quick, the following ones back off", () => {
  let state: ConnectionState = { kind: "greeting", attempt: 0 };
  const delays: number[] = [];
  for (let n = 0; n < 12; n += 1) {
    const waiting = afterEnd(state, "SERVER_UNREACHABLE");
    delays.push(waiting.delayMs);
    state = { kind: "greeting", attempt: waiting.attempt };
  }
  expect(delays[0]).toBeLessThan(250);
  expect(delays).toEqual(delays.toSorted((a, b) => a - b));
  expect(delays.at(-1)).toBe(45_000);
});

test("a steady connection starts the count anew, a short one does not", () => {
  expect(afterEnd({ kind: "open", attempt: 7, sinceMs: 0 }, null, STEADY_MS).attempt).toBe(1);
  expect(afterEnd({ kind: "open", attempt: 7, sinceMs: 0 }, null, STEADY_MS - 1).attempt).toBe(8);
});

test("an agent that was replaced or locked out does not storm the gateway", () => {
  expect(afterEnd({ kind: "open", attempt: 0, sinceMs: 0 }, "AGENT_REPLACED").delayMs).toBeGreaterThanOrEqual(
    30_000,
  );
  expect(afterEnd({ kind: "greeting", attempt: 0 }, "AGENT_REVOKED").delayMs).toBeGreaterThanOrEqual(60_000);
});

test("a gateway that asks for another connection gets it after the delay it asked for", () => {
  const next = nextConnection(
    { kind: "open", attempt: 3, sinceMs: 0 },
    { kind: "reconnect", delayMs: 500 },
    half,
  );
  expect(next).toEqual({ kind: "waiting", attempt: 0, delayMs: 500 + backoffMs(0, half), because: null });
});

test("whatever happens, it waits a time and no longer than two minutes", () => {
  const codes = Object.keys(ERROR_REGISTRY) as ErrorCode[];
  fc.assert(
    fc.property(
      fc.nat(1000),
      fc.constantFrom(null, ...codes),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      (attempt, code, chance) => {
        const next = nextConnection(
          { kind: "greeting", attempt },
          { kind: "ended", nowMs: 0, code },
          { random: () => chance },
        );
        return next.kind === "waiting" && next.delayMs >= 125 && next.delayMs <= 120_000;
      },
    ),
  );
});

test("a renewed certificate ends the wait of one that was refused", () => {
  const waiting = { kind: "waiting", attempt: 3, delayMs: 90_000, because: "CERTIFICATE_EXPIRED" } as const;
  const next = nextConnection(waiting, { kind: "reconnect", delayMs: 0 }, half);
  expect(next).toEqual({ kind: "waiting", attempt: 0, delayMs: backoffMs(0, half), because: null });
});
