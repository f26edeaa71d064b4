import type { MaintenanceWindow, SpreadLimit, WaveEnd } from "@muster/core";
import type { RolloutRequest } from "@muster/protocol/http";
import { parseDuration } from "../arguments/duration.ts";
import { usage } from "../arguments/usage.ts";

/** The plan as its options give it. */
export interface PlanOptions {
  readonly all?: true | undefined;
  readonly agents?: readonly string[] | undefined;
  readonly labels?: string | undefined;
  readonly filter?: string | undefined;
  readonly group?: string | undefined;
  readonly waves?: readonly WaveEnd[] | undefined;
  readonly settle?: number | undefined;
  readonly approveManually?: true | undefined;
  readonly approveByTwo?: true | undefined;
  readonly batchSize?: number | undefined;
  readonly batchDelay?: number | undefined;
  readonly immediate?: true | undefined;
  readonly maxInFlight?: number | undefined;
  readonly spread?: SpreadLimit | undefined;
  readonly maxDownloads?: number | undefined;
  readonly waveDoneAt?: number | undefined;
  readonly offlineExpire?: number | undefined;
  readonly sliceLabels?: readonly string[] | undefined;
  readonly maxFailures?: WaveEnd | undefined;
  readonly onFailure?: "pause" | "roll_back" | undefined;
  readonly silentAfter?: number | undefined;
  readonly allowDowngrade?: true | undefined;
  readonly healthDeadline?: number | undefined;
  readonly stabilization?: number | undefined;
  readonly maxBoots?: number | undefined;
  readonly stageDeadline?: readonly (readonly [Stage, number])[] | undefined;
  readonly startAt?: number | undefined;
  readonly window?: readonly MaintenanceWindow[] | undefined;
  readonly emergency?: true | undefined;
}

const STAGES = ["dispatched", "downloading", "verifying", "staging", "restarting"] as const;
type Stage = (typeof STAGES)[number];

const DEFAULT_SETTLE_MS = 10 * 60_000;

/** `restarting=5m`. */
export function parseStageDeadline(text: string): readonly [Stage, number] {
  const [name, duration, ...rest] = text.split("=");
  const stage = STAGES.find((known) => known === name);
  if (stage === undefined || duration === undefined || rest.length > 0) {
    throw usage(`Write it as <stage>=<duration>; stages are ${STAGES.join(", ")}.`);
  }
  return [stage, parseDuration(duration)];
}

/** `rack=2`. */
export function parseSpread(text: string): SpreadLimit {
  const [, label, count = ""] = /^([^=]+)=(\d+)$/.exec(text) ?? [];
  if (label === undefined || Number(count) < 1) throw usage("Write it as <label>=<count>, like rack=2.");
  return { label, max: Number(count) };
}

/**
 * What is asked of the server. `USAGE_INVALID` unless exactly one cohort and exactly one pace is given: nothing means
 * everyone, or all at once, by default.
 */
export function rolloutRequest(product: string, version: string, options: PlanOptions): RolloutRequest {
  // What was not given is undefined, and so not in the JSON: the server's defaults hold.
  return {
    product,
    version,
    cohort: cohortOf(options),
    ...planOf(options),
    allowDowngrade: options.allowDowngrade,
    priority: options.emergency && "emergency",
    startAt: options.startAt,
    windows: options.window && [...options.window],
  };
}

/** What a rollout and a group's desired state have in common. */
export function planOf(options: PlanOptions) {
  return {
    strategy: strategyOf(options),
    maxInFlight: options.maxInFlight,
    spread: options.spread,
    maxDownloads: options.maxDownloads,
    sliceLabels: options.sliceLabels && [...options.sliceLabels],
    offline: { doneAtPercent: options.waveDoneAt, expireAfterMs: options.offlineExpire },
    failurePolicy: {
      threshold: options.maxFailures,
      action: options.onFailure,
      silentAfterMs: options.silentAfter,
    },
    limits: {
      deadlineMs: options.healthDeadline,
      stabilizationMs: options.stabilization,
      maxBoots: options.maxBoots,
    },
    deadlines: Object.fromEntries(options.stageDeadline ?? []),
  } satisfies Partial<RolloutRequest>;
}

function cohortOf({ all, agents, labels, filter, group }: PlanOptions): RolloutRequest["cohort"] {
  const cohorts: RolloutRequest["cohort"][] = [];
  if (all) cohorts.push({ kind: "all" });
  if (agents !== undefined) cohorts.push({ kind: "agents", ids: [...agents] });
  if (labels !== undefined) cohorts.push({ kind: "labels", expression: labels });
  if (filter !== undefined) cohorts.push({ kind: "filter", filter });
  if (group !== undefined) cohorts.push({ kind: "group", id: group });
  const [cohort] = cohorts;
  if (!cohort || cohorts.length > 1) {
    throw usage("Say who takes part, with exactly one of --all, --agents, --group, --filter and --labels.");
  }
  return cohort;
}

function strategyOf(options: PlanOptions): RolloutRequest["strategy"] {
  const { waves, settle, approveManually, approveByTwo, batchSize, batchDelay, immediate } = options;
  const paces = [immediate, batchSize, waves].filter((pace) => pace !== undefined);
  if (paces.length !== 1) {
    throw usage("Say how fast, with exactly one of --waves, --batch-size and --immediate.");
  }
  if (waves === undefined && (settle !== undefined || approveManually || approveByTwo)) {
    throw usage("--settle, --approve-manually and --approve-by-two belong to --waves.");
  }
  if (batchSize === undefined && batchDelay !== undefined)
    throw usage("--batch-delay belongs to --batch-size.");
  if (immediate) return { kind: "immediate" };
  if (waves !== undefined) {
    const approval = approveByTwo ? "two_people" : approveManually ? "manual" : "automatic";
    return { kind: "waves", waves: [...waves], settleMs: settle ?? DEFAULT_SETTLE_MS, approval };
  }
  if (batchSize === undefined || batchDelay === undefined) {
    throw usage("Say how long to wait between two batches, with --batch-delay.");
  }
  return { kind: "batches", size: batchSize, delayMs: batchDelay };
}
