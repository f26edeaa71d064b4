import { rolloutRequestSchema } from "@muster/protocol/http";
import { describe, expect, test } from "vitest";
import { parseWaves } from "../arguments/waves.ts";
import { parseSpread, parseStageDeadline, rolloutRequest, type PlanOptions } from "./rollout-request.ts";

const request = (options: PlanOptions) => rolloutRequest("acme-agent", "1.1.0", options);
const USAGE = expect.objectContaining({ code: "USAGE_INVALID" });

describe("a rollout's request", () => {
  test("says who and how fast, and leaves the rest to the server", () => {
    expect(JSON.parse(JSON.stringify(request({ all: true, immediate: true })))).toEqual({
      product: "acme-agent",
      version: "1.1.0",
      cohort: { kind: "all" },
      strategy: { kind: "immediate" },
      offline: {},
      failurePolicy: {},
      limits: {},
      deadlines: {},
    });
  });

  test("carries every option in the API's form", () => {
    const full = request({
      labels: "env=production",
      waves: parseWaves("5/25/100"),
      settle: 60_000,
      approveManually: true,
      maxInFlight: 20,
      spread: parseSpread("rack=2"),
      maxDownloads: 10,
      waveDoneAt: 90,
      offlineExpire: 86_400_000,
      maxFailures: { percent: 5 },
      onFailure: "roll_back",
      silentAfter: 90_000,
      allowDowngrade: true,
      healthDeadline: 30_000,
      stabilization: 5000,
      maxBoots: 2,
      stageDeadline: [parseStageDeadline("restarting=5m"), parseStageDeadline("staging=90s")],
      startAt: 1_900_000_000_000,
      emergency: true,
    });
    expect(rolloutRequestSchema.parse(JSON.parse(JSON.stringify(full)))).toEqual({
      product: "acme-agent",
      version: "1.1.0",
      cohort: { kind: "labels", expression: "env=production" },
      strategy: {
        kind: "waves",
        waves: [{ percent: 5 }, { percent: 25 }, { percent: 100 }],
        settleMs: 60_000,
        approval: "manual",
      },
      maxInFlight: 20,
      spread: { label: "rack", max: 2 },
      maxDownloads: 10,
      offline: { doneAtPercent: 90, expireAfterMs: 86_400_000 },
      failurePolicy: { threshold: { percent: 5 }, action: "roll_back", silentAfterMs: 90_000 },
      allowDowngrade: true,
      limits: { deadlineMs: 30_000, stabilizationMs: 5000, maxBoots: 2 },
      deadlines: { restarting: 300_000, staging: 90_000 },
      priority: "emergency",
      startAt: 1_900_000_000_000,
    });
  });

  test("takes batches with a delay, and agents by name", () => {
    expect(request({ agents: ["a", "b"], batchSize: 50, batchDelay: 600_000 })).toMatchObject({
      cohort: { kind: "agents", ids: ["a", "b"] },
      strategy: { kind: "batches", size: 50, delayMs: 600_000 },
    });
  });

  test("settles ten minutes between waves unless told", () => {
    expect(request({ all: true, waves: parseWaves("100%") })).toMatchObject({
      strategy: { settleMs: 600_000 },
    });
  });
});

describe("what is never assumed", () => {
  test.each<[string, PlanOptions]>([
    ["who", { immediate: true }],
    ["which of two cohorts", { all: true, labels: "a=b", immediate: true }],
    ["how fast", { all: true }],
    ["which of two paces", { all: true, immediate: true, waves: [{ percent: 100 }] }],
    ["how long between batches", { all: true, batchSize: 5 }],
    ["that a delay means batches", { all: true, batchDelay: 5, immediate: true }],
    ["that settling means waves", { all: true, immediate: true, settle: 5 }],
    ["that approval means waves", { all: true, batchSize: 5, batchDelay: 5, approveManually: true }],
  ])("is %s", (_what, options) => {
    expect(() => request(options)).toThrow(USAGE);
  });

  test.each(["", "restarting", "restarting=", "resting=5m", "restarting=5m=6m", "restarting=5"])(
    "a stage's deadline of %j is refused",
    (text) => {
      expect(() => parseStageDeadline(text)).toThrow(USAGE);
    },
  );
});
