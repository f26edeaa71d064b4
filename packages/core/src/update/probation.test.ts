import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { HEALTH_STALE_MS, type HealthReport } from "./health.ts";
import type { HostTime, Probation, UpdateAttempt } from "./host.ts";
import { LOOK_GAP_MAX_MS, look, newProbation, startOnce, type Sighting, type Verdict } from "./probation.ts";

const attempt: UpdateAttempt = {
  targetId: "target-1",
  product: "acme-agent",
  fromVersion: "1.0.0",
  toVersion: "1.1.0",
  manifestDigest: "a".repeat(64),
  floor: null,
  limits: { deadlineMs: 60_000, stabilizationMs: 10_000, maxBoots: 3 },
  startedAt: 0,
};
const START = 1_000_000;
const time = (ms: number, bootId = "boot-1"): HostTime => ({
  bootId,
  monotonicMs: START + ms,
  wallMs: 1_700_000_000_000 + ms,
});
const started = startOnce(newProbation(time(0)), time(0));
const healthy = (ms: number, changes: Partial<HealthReport> = {}): HealthReport => ({
  schema: 1,
  version: "1.1.0",
  bootId: "boot-1",
  pid: 42,
  writtenAtMs: START + ms,
  connectedSinceMs: START + 500,
  checks: [{ name: "disk", ok: true, message: "" }],
  ...changes,
});
const sighting = (health: HealthReport | null, changes: Partial<Sighting> = {}): Sighting => ({
  health,
  gateway: "accepting",
  payload: { kind: "running", sinceMs: START },
  ...changes,
});

/** Looks once a second from second 1 on, until something is decided. */
function watch(see: (ms: number) => Sighting, seconds: number, from: Probation = started) {
  let probation = from;
  let verdict: Verdict = { kind: "pending" };
  let ms = 0;
  while (verdict.kind === "pending" && ms < seconds * 1000) {
    ms += 1000;
    ({ probation, verdict } = look(attempt, probation, see(ms), time(ms)));
  }
  return { probation, verdict, ms };
}

describe("a healthy version", () => {
  test("is stable once it has said so for the stabilization time", () => {
    expect(watch((ms) => sighting(healthy(ms)), 300)).toMatchObject({
      verdict: { kind: "stable" },
      ms: 11_000,
    });
  });

  test("is not stable while it only said so once, and then froze", () => {
    const { verdict, ms } = watch((now) => sighting(healthy(Math.min(now, 1000))), 300);
    expect(verdict).toMatchObject({ cause: { code: "PROBATION_DEADLINE" } });
    expect(ms).toBeGreaterThanOrEqual(attempt.limits.deadlineMs);
  });

  test("starts over when it loses its connection", () => {
    expect(
      watch((ms) => sighting(healthy(ms, ms < 8000 ? {} : { connectedSinceMs: START + 8000 })), 300),
    ).toMatchObject({
      verdict: { kind: "stable" },
      ms: 18_000,
    });
  });

  test("starts over when a check fails in between", () => {
    const failing = { checks: [{ name: "disk", ok: false, message: "full" }] };
    const see = (ms: number) => sighting(healthy(ms, ms === 6000 ? failing : {}));
    expect(watch(see, 300)).toMatchObject({ ms: 17_000 });
  });

  test("may finish proving itself after the deadline", () => {
    expect(
      watch((ms) => sighting(ms < 55_000 ? null : healthy(ms, { connectedSinceMs: START + 55_000 })), 300),
    ).toMatchObject({ verdict: { kind: "stable" }, ms: 65_000 });
  });

  test("that never keeps its connection fails in the end", () => {
    const { verdict, ms } = watch(
      (now) => sighting(healthy(now, { connectedSinceMs: START + now - (now % 5000) })),
      300,
    );
    expect(verdict).toMatchObject({ kind: "failed", cause: { code: "PROBATION_DEADLINE" } });
    expect(ms).toBe(60_000 + 10_000 + HEALTH_STALE_MS);
  });
});

describe("a report is not believed", () => {
  test.for<[string, (ms: number) => Partial<HealthReport>]>([
    ["of another version", () => ({ version: "1.0.0" })],
    ["of another boot", () => ({ bootId: "boot-0" })],
    ["that is stale", (ms) => ({ writtenAtMs: START + ms - HEALTH_STALE_MS - 1 })],
    ["from the future", (ms) => ({ writtenAtMs: START + ms + 60_000 })],
    [
      "from before the process was started",
      () => ({ writtenAtMs: START - 1, connectedSinceMs: START - 60_000 }),
    ],
  ])("%s", ([, changes]) => {
    const { verdict } = watch((ms) => sighting(healthy(ms, changes(ms))), 300);
    expect(verdict).toMatchObject({ kind: "failed", cause: { code: "PROBATION_DEADLINE" } });
  });

  test("of a process that is gone", () => {
    const { verdict } = watch((ms) => sighting(healthy(ms), { payload: { kind: "stopped" } }), 300);
    expect(verdict).toMatchObject({ kind: "failed", cause: { code: "PROBATION_DEADLINE" } });
  });
});

describe("at the deadline", () => {
  test("a version that is connected and fails its own checks is unhealthy, and says which", () => {
    const checks = [
      { name: "disk", ok: true, message: "" },
      { name: "queue", ok: false, message: "cannot be opened" },
    ];
    expect(watch((ms) => sighting(healthy(ms, { checks })), 300)).toMatchObject({
      ms: 60_000,
      verdict: {
        cause: { code: "PROBATION_UNHEALTHY", message: "its own checks fail: queue: cannot be opened" },
      },
    });
  });

  test("a version that never connected is late", () => {
    expect(watch((ms) => sighting(healthy(ms, { connectedSinceMs: null })), 300)).toMatchObject({
      ms: 60_000,
      verdict: { cause: { code: "PROBATION_DEADLINE" } },
    });
  });
});

describe("time", () => {
  test("does not count while the gateway accepts nobody, however long", () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom("not_accepting" as const, "unreachable" as const), { minLength: 1 }),
        fc.integer({ min: 1, max: 1_000_000 }),
        (states, stepMs) => {
          let probation = started;
          for (const [index, gateway] of states.entries()) {
            const now = time((index + 1) * stepMs);
            const seen = look(attempt, probation, sighting(null, { gateway }), now);
            expect(seen.verdict).toEqual({ kind: "pending" });
            probation = seen.probation;
          }
          expect(probation.spentMs).toBe(0);
        },
      ),
    );
  });

  test("counts again when the gateway accepts again", () => {
    expect(
      watch((ms) => sighting(null, { gateway: ms <= 100_000 ? "not_accepting" : "accepting" }), 600).ms,
    ).toBe(160_000);
  });

  test("counts for a version that is connected, whatever others get", () => {
    const failing = { checks: [{ name: "disk", ok: false, message: "full" }] };
    const see = (ms: number) => sighting(healthy(ms, failing), { gateway: "not_accepting" });
    expect(watch(see, 600)).toMatchObject({
      ms: 60_000,
      verdict: { cause: { code: "PROBATION_UNHEALTHY" } },
    });
  });

  test("counts when the gateway cannot be asked, or a host without one would wait for ever", () => {
    expect(watch(() => sighting(null, { gateway: "unknown" }), 600).ms).toBe(60_000);
  });

  test("of a gap in which nobody looked counts for little", () => {
    const { probation } = look(attempt, started, sighting(null), time(3_600_000));
    expect(probation.spentMs).toBe(LOOK_GAP_MAX_MS);
  });

  test("spent in an earlier boot is kept, and the time between the boots is not counted", () => {
    const before = { ...started, spentMs: 50_000 };
    const { probation } = look(attempt, before, sighting(null), {
      ...time(0, "boot-2"),
      monotonicMs: 30_000,
    });
    expect(probation).toMatchObject({ bootId: "boot-2", lastSeenMs: 30_000, spentMs: 50_000 });
  });

  test("never runs backwards", () => {
    const { probation } = look(attempt, started, sighting(null), time(-5000));
    expect(probation).toMatchObject({ spentMs: 0, lastSeenMs: START });
  });
});

test("a new start takes away what the process before it had proved", () => {
  const proven = { ...started, healthySinceMs: START + 1, spentMs: 7 };
  expect(startOnce(proven, time(9000))).toEqual({ ...proven, healthySinceMs: null, boots: 2 });
  expect(startOnce(proven, { ...time(0, "boot-2"), monotonicMs: 5 })).toEqual({
    ...proven,
    healthySinceMs: null,
    boots: 2,
    bootId: "boot-2",
    lastSeenMs: 5,
  });
});
