import { labelKeyDecoder } from "../agent/agent-config.ts";
import { windowsDecoder, type MaintenanceWindow } from "../schedule/window.ts";
import {
  array,
  boolean,
  decode,
  integer,
  nullable,
  object,
  oneOf,
  optional,
  reject,
  type Decoder,
} from "../parse/decode.ts";
import { nameDecoder } from "../release/manifest.ts";
import { versionDecoder } from "../release/version.ts";
import { DEFAULT_LIMITS, type ProbationLimits } from "../update/handoff.ts";
import { parseCohort } from "./cohort.ts";
import type {
  Cohort,
  FailurePolicy,
  OfflinePolicy,
  RolloutSpec,
  SpreadLimit,
  StageDeadlines,
  Strategy,
} from "./rollout.ts";
import { percentDecoder, strategyDecoder, thresholdDecoder } from "./strategy.ts";

/** A partial whose members may also be given as undefined, as schemas make them. */
type Loose<T> = { readonly [Name in keyof T]?: T[Name] | undefined };

/** What is asked for. All that has a safe default may be left out; who and in what plan may not. */
export interface RolloutInput {
  readonly product: string;
  readonly version: string;
  readonly cohort: Cohort;
  readonly strategy: Strategy;
  readonly maxInFlight?: number | undefined;
  readonly failurePolicy?: Loose<FailurePolicy> | undefined;
  readonly allowDowngrade?: boolean | undefined;
  readonly limits?: Loose<ProbationLimits> | undefined;
  readonly deadlines?: Loose<StageDeadlines> | undefined;
  readonly priority?: "normal" | "emergency" | undefined;
  readonly startAt?: number | null | undefined;
  readonly windows?: readonly MaintenanceWindow[] | undefined;
  readonly spread?: SpreadLimit | null | undefined;
  readonly maxDownloads?: number | null | undefined;
  readonly offline?: Loose<OfflinePolicy> | undefined;
  readonly sliceLabels?: readonly string[] | undefined;
}

export const DEFAULT_MAX_IN_FLIGHT = 250;
export const DEFAULT_FAILURE_POLICY: FailurePolicy = {
  threshold: { count: 1 },
  action: "pause",
  silentAfterMs: 60_000,
};
export const DEFAULT_DEADLINES: Omit<StageDeadlines, "restarting"> = {
  dispatched: 60_000,
  downloading: 120_000,
  verifying: 60_000,
  staging: 60_000,
};
export const WAIT_FOR_OFFLINE: OfflinePolicy = { doneAtPercent: null, expireAfterMs: null };
/** What `deadlines.restarting` allows beyond the host's own probation, in milliseconds. */
export const RESTART_MARGIN_MS = 120_000;

const DAY_MS = 86_400_000;
const IN_FLIGHT_MAX = 100_000;
const stageMs = optional(integer({ min: 1000, max: 7 * DAY_MS }));

const SLICE_LABELS_MAX = 10;

const inputDecoder = object({
  product: nameDecoder,
  version: versionDecoder,
  strategy: strategyDecoder,
  maxInFlight: optional(integer({ min: 1, max: IN_FLIGHT_MAX })),
  failurePolicy: optional(
    object({
      threshold: optional(thresholdDecoder),
      action: optional(oneOf(["pause", "roll_back"])),
      silentAfterMs: optional(integer({ min: 1000, max: DAY_MS })),
    }),
  ),
  allowDowngrade: optional(boolean),
  limits: optional(
    object({
      deadlineMs: optional(integer({ min: 1000, max: DAY_MS })),
      stabilizationMs: optional(integer({ max: DAY_MS })),
      maxBoots: optional(integer({ min: 1, max: 20 })),
    }),
  ),
  deadlines: optional(
    object({
      dispatched: stageMs,
      downloading: stageMs,
      verifying: stageMs,
      staging: stageMs,
      restarting: stageMs,
    }),
  ),
  priority: optional(oneOf(["normal", "emergency"])),
  startAt: optional(nullable(integer())),
  windows: optional(windowsDecoder),
  spread: optional(
    nullable(object({ label: labelKeyDecoder, max: integer({ min: 1, max: IN_FLIGHT_MAX }) })),
  ),
  maxDownloads: optional(nullable(integer({ min: 1, max: IN_FLIGHT_MAX }))),
  sliceLabels: optional(array(labelKeyDecoder, { max: SLICE_LABELS_MAX })),
  offline: optional(
    object({
      doneAtPercent: optional(nullable(percentDecoder)),
      expireAfterMs: optional(nullable(integer({ min: 1000, max: 365 * DAY_MS }))),
    }),
  ),
});

/**
 * The whole specification of a rollout from what was asked, with the defaults. Throws `ROLLOUT_COHORT_INVALID` or
 * `ROLLOUT_PLAN_INVALID`, whose details name the field and what it must be.
 */
export function specifyRollout(input: RolloutInput): RolloutSpec {
  return decode(specDecoder, input, "ROLLOUT_PLAN_INVALID");
}

const specDecoder: Decoder<RolloutSpec> = (value, path) => {
  if (typeof value !== "object" || value === null) reject(path, "must be an object");
  const { cohort, ...rest } = value as Record<string, unknown>;
  const asked = inputDecoder(rest, path);
  const limits = { ...DEFAULT_LIMITS, ...asked.limits };
  const deadlines = {
    ...DEFAULT_DEADLINES,
    restarting: limits.deadlineMs + RESTART_MARGIN_MS,
    ...asked.deadlines,
  };
  if (limits.stabilizationMs >= limits.deadlineMs) {
    reject("limits.stabilizationMs", `must be shorter than limits.deadlineMs, ${limits.deadlineMs}`);
  }
  if (deadlines.restarting <= limits.deadlineMs) {
    reject("deadlines.restarting", `must be longer than limits.deadlineMs, ${limits.deadlineMs}`);
  }
  return {
    product: asked.product,
    version: asked.version,
    cohort: parseCohort(cohort),
    strategy: asked.strategy,
    maxInFlight: asked.maxInFlight ?? DEFAULT_MAX_IN_FLIGHT,
    failurePolicy: { ...DEFAULT_FAILURE_POLICY, ...asked.failurePolicy },
    allowDowngrade: asked.allowDowngrade ?? false,
    limits,
    deadlines,
    priority: asked.priority ?? "normal",
    startAt: asked.startAt ?? null,
    windows: asked.windows ?? [],
    spread: asked.spread ?? null,
    maxDownloads: asked.maxDownloads ?? null,
    sliceLabels: [...new Set(asked.sliceLabels)],
    offline: { ...WAIT_FOR_OFFLINE, ...asked.offline },
  };
};
