import fc from "fast-check";
import { expect, test } from "vitest";
import { liveness, retryDelayMs, SILENT_AFTER_MS } from "./liveness.ts";

const OPEN = { kind: "open" } as const;
const WAITING = { kind: "waiting", retryAt: 0 } as const;

test("open and heard from is live", () => {
  expect(liveness({ connection: OPEN, heardAt: 1000 }, 16_000)).toEqual({ kind: "live" });
});

test("open and silent is stale, by how long", () => {
  expect(liveness({ connection: OPEN, heardAt: 0 }, SILENT_AFTER_MS + 5000)).toEqual({
    kind: "stale",
    seconds: 40,
  });
});

test("a lost stream is reconnecting at first, and then the age of the figures matters more", () => {
  expect(liveness({ connection: WAITING, heardAt: 0 }, 3000)).toEqual({ kind: "reconnecting" });
  expect(liveness({ connection: WAITING, heardAt: 0 }, 12_000)).toEqual({ kind: "stale", seconds: 12 });
});

test("before the first word there is nothing that could be stale", () => {
  expect(liveness({ connection: { kind: "connecting" }, heardAt: null }, 99_000)).toEqual({
    kind: "reconnecting",
  });
});

test("a stream that was given up is stale at once", () => {
  expect(liveness({ connection: { kind: "closed" }, heardAt: 0 }, 1000)).toEqual({
    kind: "stale",
    seconds: 1,
  });
});

test("retries wait longer and longer, never under a quarter of a second, never over 15", () => {
  fc.assert(
    fc.property(fc.nat(10_000), fc.double({ min: 0, max: 0.999, noNaN: true }), (attempt, chance) => {
      const delay = retryDelayMs(attempt, chance);
      expect(delay).toBeGreaterThanOrEqual(250);
      expect(delay).toBeLessThanOrEqual(15_000);
    }),
  );
  expect(retryDelayMs(5, 0.5)).toBeGreaterThan(retryDelayMs(0, 0.5));
});
