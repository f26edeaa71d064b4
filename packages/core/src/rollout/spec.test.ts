import { describe, expect, test } from "vitest";
import { DEFAULT_LIMITS } from "../update/handoff.ts";
import { specifyRollout, type RolloutInput } from "./spec.ts";
import { WAVE_PRESETS } from "./rollout.ts";

const least: RolloutInput = {
  product: "acme",
  version: "2.0.0",
  cohort: { kind: "all" },
  strategy: { kind: "immediate" },
};
const waves = (...ends: readonly unknown[]) => ({
  strategy: { kind: "waves", waves: ends, settleMs: 0, approval: "automatic" },
});

/** Requests come from outside: their types are a promise at best. */
function specify(change: object) {
  return specifyRollout({ ...least, ...change });
}

test("what is left out is safe", () => {
  expect(specifyRollout(least)).toEqual({
    ...least,
    maxInFlight: 250,
    failurePolicy: { threshold: { count: 1 }, action: "pause", silentAfterMs: 60_000 },
    allowDowngrade: false,
    limits: DEFAULT_LIMITS,
    deadlines: {
      dispatched: 60_000,
      downloading: 120_000,
      verifying: 60_000,
      staging: 60_000,
      restarting: DEFAULT_LIMITS.deadlineMs + 120_000,
    },
    priority: "normal",
    startAt: null,
    windows: [],
    spread: null,
    maxDownloads: null,
    offline: { doneAtPercent: null, expireAfterMs: null },
    sliceLabels: [],
  });
});

test("what is given is kept, down to single members, and undefined is left out", () => {
  const spec = specify({
    maxInFlight: undefined,
    failurePolicy: { threshold: { percent: 2.5 }, action: undefined },
    limits: { deadlineMs: 30_000 },
    deadlines: { downloading: 5000 },
    priority: "emergency",
    startAt: 12,
  });
  expect(spec).toMatchObject({
    maxInFlight: 250,
    failurePolicy: { threshold: { percent: 2.5 }, action: "pause", silentAfterMs: 60_000 },
    limits: { ...DEFAULT_LIMITS, deadlineMs: 30_000 },
    deadlines: { downloading: 5000, dispatched: 60_000, restarting: 150_000 },
    priority: "emergency",
    startAt: 12,
  });
});

test.each(Object.values(WAVE_PRESETS))("a preset is a plan", (...preset) => {
  expect(specify(waves(...preset)).strategy).toMatchObject({ waves: preset });
});

test("counts may come before shares", () => {
  expect(() => specify(waves({ count: 1 }, { count: 10 }, { percent: 5 }, { percent: 100 }))).not.toThrow();
});

describe("a plan that cannot be meant is refused, with the field", () => {
  test.each<[object, string, RegExp]>([
    [{ strategy: undefined }, "strategy", /is missing/],
    [{ strategy: { kind: "all at once" } }, "strategy.kind", /immediate, batches, waves/],
    [waves(), "strategy.waves", /at least 1/],
    [waves({ percent: 50 }), "strategy.waves[0]", /reaches everyone/],
    [waves({ percent: 5 }, { count: 10 }), "strategy.waves[1]", /by count come before/],
    [waves({ count: 10 }), "strategy.waves[0]", /reaches everyone/],
    [
      waves({ percent: 5 }, { percent: 5 }, { percent: 100 }),
      "strategy.waves[1]",
      /more than the wave before, 5/,
    ],
    [
      waves({ percent: 25 }, { percent: 5 }, { percent: 100 }),
      "strategy.waves[1]",
      /more than the wave before, 25/,
    ],
    [
      waves({ count: 9 }, { count: 3 }, { percent: 100 }),
      "strategy.waves[1]",
      /more than the wave before, 9/,
    ],
    [waves({ percent: 0 }, { percent: 100 }), "strategy.waves[0].percent", /more than 0/],
    [waves({ percent: 101 }), "strategy.waves[0].percent", /between 0 and 100/],
    [waves({ count: 1.5 }, { percent: 100 }), "strategy.waves[0].count", /whole number/],
    [waves({ count: 1, percent: 100 }), "strategy.waves[0].percent", /not a known field/],
    [waves(7), "strategy.waves[0]", /\{count\} or \{percent\}/],
    [
      waves(...Array.from({ length: 51 }, (_, i) => ({ percent: (i + 1) * 1.9 }))),
      "strategy.waves",
      /at most 50/,
    ],
    [{ strategy: { kind: "batches", size: 0, delayMs: 1 } }, "strategy.size", /between 1/],
    [{ strategy: { kind: "batches", size: 1, delayMs: 0 } }, "strategy.delayMs", /between 1/],
    [{ maxInFlight: 0 }, "maxInFlight", /between 1/],
    [{ failurePolicy: { threshold: { count: 0 } } }, "failurePolicy.threshold.count", /between 1/],
    [{ failurePolicy: { threshold: null } }, "failurePolicy.threshold", /\{count\}/],
    [{ failurePolicy: { silentAfterMs: 10 } }, "failurePolicy.silentAfterMs", /between 1000/],
    [{ failurePolicy: { action: "explode" } }, "failurePolicy.action", /pause, roll_back/],
    [{ limits: { deadlineMs: 5000, stabilizationMs: 5000 } }, "limits.stabilizationMs", /shorter than/],
    [
      { limits: { deadlineMs: 60_000 }, deadlines: { restarting: 60_000 } },
      "deadlines.restarting",
      /longer than/,
    ],
    [{ limits: { maxBoots: 0 } }, "limits.maxBoots", /between 1 and 20/],
    [{ startAt: -1 }, "startAt", /between 0/],
    [{ priority: "high" }, "priority", /normal, emergency/],
    [{ version: "v2" }, "version", /semantic version/],
    [{ product: "ACME" }, "product", /lower-case/],
    [{ batchSize: 5 }, "batchSize", /not a known field/],
  ])("%j", (change, field, problem) => {
    expect(() => specify(change)).toThrow(
      expect.objectContaining({
        code: "ROLLOUT_PLAN_INVALID",
        details: { field, problem: expect.stringMatching(problem) },
      }),
    );
  });
});

test("a bad cohort has its own code", () => {
  expect(() => specify({ cohort: { kind: "labels", expression: "=" } })).toThrow(
    expect.objectContaining({ code: "ROLLOUT_COHORT_INVALID" }),
  );
});
