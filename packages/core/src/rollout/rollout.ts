import type { ErrorCode } from "../errors.ts";
import type { TransitionTable } from "../machine.ts";
import type { Version } from "../release/version.ts";
import type { ProbationLimits } from "../update/handoff.ts";
import type { Hours, MaintenanceWindow } from "../schedule/window.ts";
import type { Reason } from "./reason.ts";

/** Who takes part. Nobody is everybody by accident: `all` has to be said. */
export type Cohort =
  | { readonly kind: "all" }
  | { readonly kind: "agents"; readonly ids: readonly string[] }
  /** An older spelling of a part of the filter language. */
  | { readonly kind: "labels"; readonly expression: string }
  | { readonly kind: "filter"; readonly filter: string }
  | { readonly kind: "group"; readonly id: string };

/** Where a wave ends, counted from the first agent: a share of the cohort, or a number of agents. */
export type WaveEnd = { readonly percent: number } | { readonly count: number };

/** In what order and pace. */
export type Strategy =
  | { readonly kind: "immediate" }
  | { readonly kind: "batches"; readonly size: number; readonly delayMs: number }
  | {
      readonly kind: "waves";
      /** Rising; the last is 100 percent. */
      readonly waves: readonly WaveEnd[];
      /** Time between the end of a wave's last target and the next wave, in milliseconds. */
      readonly settleMs: number;
      /** `manual`: the next wave also waits for an operator; `two_people`: for two of them. */
      readonly approval: "automatic" | "manual" | "two_people";
    };

export const WAVE_PRESETS = {
  "5/25/100": [{ percent: 5 }, { percent: 25 }, { percent: 100 }],
  "10/50/100": [{ percent: 10 }, { percent: 50 }, { percent: 100 }],
} as const satisfies Record<string, readonly WaveEnd[]>;

/** When it stops by itself: failed, rolled back and silent targets of a wave count. */
export interface FailurePolicy {
  /** Reached, not exceeded: `{count: 1}` stops at the first. A percentage is of the wave. */
  readonly threshold: { readonly count: number } | { readonly percent: number };
  /** `pause`, or `roll_back`: also return the agents already updated to their version before. */
  readonly action: "pause" | "roll_back";
  /**
   * A target under way that has not reported for this long counts as silent, in milliseconds. While its host restarts
   * the time that a new version has to stay healthy (`limits.stabilizationMs`) comes on top.
   */
  readonly silentAfterMs: number;
}

/** How long a target may go without progress in each stage before it fails with `TARGET_STAGE_TIMEOUT`, in milliseconds. */
export interface StageDeadlines {
  readonly dispatched: number;
  /** Since the last byte received, not since the start. */
  readonly downloading: number;
  readonly verifying: number;
  readonly staging: number;
  /** Covers the host's own probation, so it is longer than `limits.deadlineMs`. */
  readonly restarting: number;
}

/**
 * Never more than `max` agents with the same value of a label under way at once in the rollout: one rack, cluster or role
 * keeps serving. Agents without the label are not limited: they share nothing that is known.
 */
export interface SpreadLimit {
  readonly label: string;
  readonly max: number;
}

/** What becomes of agents that are not connected when their wave is open. Without it they wait for as long as it takes. */
export interface OfflinePolicy {
  /**
   * A wave passes when so many percent of its agents have ended; null: agents that cannot be updated now hold nothing
   * back, as long as one has ended.
   */
  readonly doneAtPercent: number | null;
  /** One that is still away so long after its wave opened is not updated by this rollout any more, in milliseconds. */
  readonly expireAfterMs: number | null;
}

export interface RolloutSpec {
  readonly product: string;
  readonly version: Version;
  readonly cohort: Cohort;
  readonly strategy: Strategy;
  /** Most targets under way at once, of all waves: what bounds the hosts touched when a wave halts inside itself. */
  readonly maxInFlight: number;
  readonly failurePolicy: FailurePolicy;
  readonly allowDowngrade: boolean;
  readonly limits: ProbationLimits;
  readonly deadlines: StageDeadlines;
  readonly priority: "normal" | "emergency";
  /** Wall clock, milliseconds since 1970; null: now. */
  readonly startAt: number | null;
  /** When its agents may be given the update; none: any time. An emergency does not wait for them. */
  readonly windows: readonly MaintenanceWindow[];
  readonly spread: SpreadLimit | null;
  /** Most targets that are dispatched or downloading at once; null: as many as are under way. */
  readonly maxDownloads: number | null;
  readonly offline: OfflinePolicy;
  /** Labels whose values are slices of the fleet, besides the platform: see `clusteredSlices`. */
  readonly sliceLabels: readonly string[];
}

export type PauseCause =
  | "operator"
  | "failure_threshold"
  | "approval_required"
  | "release_yanked"
  | "outside_window";

export type RolloutState =
  | { readonly kind: "scheduled" }
  | { readonly kind: "running" }
  | { readonly kind: "paused"; readonly cause: PauseCause }
  | { readonly kind: "completed" }
  | { readonly kind: "canceled" }
  | { readonly kind: "failed"; readonly code: ErrorCode; readonly message: string }
  | { readonly kind: "rolling_back" }
  | { readonly kind: "rolled_back" };

export const ROLLOUT_TRANSITIONS = {
  scheduled: ["running", "paused", "canceled"],
  running: ["paused", "completed", "canceled", "failed", "rolling_back"],
  paused: ["running", "completed", "canceled", "failed", "rolling_back"],
  // What has ended can still be taken back.
  completed: ["rolling_back"],
  canceled: ["rolling_back"],
  failed: ["rolling_back"],
  rolling_back: ["rolled_back", "failed"],
  rolled_back: [],
} as const satisfies TransitionTable<RolloutState["kind"]>;

export type WaveState =
  | { readonly kind: "waiting" }
  | { readonly kind: "open" }
  | { readonly kind: "settling"; readonly until: number }
  | { readonly kind: "passed" }
  | { readonly kind: "failed" };

export const WAVE_TRANSITIONS = {
  waiting: ["open"],
  open: ["settling", "passed", "failed"],
  settling: ["open", "passed", "failed"],
  // An agent that returns late is dispatched in a wave that has passed, and can bring it to its threshold.
  passed: ["open", "failed"],
  failed: ["open"],
} as const satisfies TransitionTable<WaveState["kind"]>;

/**
 * A slice of the cohort. Its members are chosen when the rollout is made; who has left the cohort by the time it opens is
 * let go then, and from there on it is frozen.
 */
export interface Wave {
  /** From 0. */
  readonly index: number;
  readonly state: WaveState;
  readonly since: number;
  /** When it opened first, milliseconds since 1970; null: it has not. */
  readonly openedAt: number | null;
  /** Whether an operator let it open; only asked for under manual approval, never for the first. */
  readonly approved: boolean;
  /** Who has approved it so far. */
  readonly approvedBy: readonly string[];
  /** What counted toward the threshold before this point no longer does: set when an operator resumes a halted wave. */
  readonly forgivenBefore: number;
  readonly reason: Reason | null;
}

/** The slices of the fleet that a rollout holds back, because its rollbacks cluster in them. */
export interface Quarantine {
  /** `platform=linux/arm64`, `site=fra`. */
  readonly slices: readonly string[];
  /** What rolled back before this point no longer counts: set when an operator resumes. */
  readonly forgivenBefore: number;
}

export const NO_QUARANTINE: Quarantine = { slices: [], forgivenBefore: 0 };

export interface Rollout {
  readonly id: string;
  readonly spec: RolloutSpec;
  readonly state: RolloutState;
  readonly since: number;
  readonly reason: Reason | null;
  readonly createdAt: number;
  readonly createdBy: string;
  /** Rises with every change; decisions are applied by compare-and-swap on it. */
  readonly revision: number;
  readonly waves: readonly Wave[];
  /** When the last batch was dispatched; null before the first. */
  readonly lastBatchAt: number | null;
  /** Hosts that had been given the update when the rollout last halted; null if it never did. */
  readonly touchedAtHalt: number | null;
  readonly quarantine: Quarantine;
}

export type TargetStage = "dispatched" | "downloading" | "verifying" | "staging" | "restarting";

export type TargetState =
  | { readonly kind: "pending" }
  | { readonly kind: "dispatched" }
  | { readonly kind: "downloading"; readonly receivedBytes: number; readonly totalBytes: number }
  | { readonly kind: "verifying" }
  | { readonly kind: "staging" }
  | { readonly kind: "restarting" }
  | { readonly kind: "healthy" }
  | { readonly kind: "failed"; readonly code: ErrorCode; readonly message: string }
  | { readonly kind: "rolled_back"; readonly code: ErrorCode; readonly message: string }
  /** With a code: not by an operator, nor with its rollout. */
  | { readonly kind: "canceled"; readonly code?: ErrorCode; readonly message?: string }
  | { readonly kind: "superseded" };

export const TARGET_TRANSITIONS = {
  pending: ["dispatched", "canceled", "superseded"],
  dispatched: ["downloading", "verifying", "staging", "restarting", "healthy", "failed", "rolled_back"],
  downloading: ["verifying", "staging", "restarting", "healthy", "failed", "rolled_back"],
  verifying: ["staging", "restarting", "healthy", "failed", "rolled_back"],
  staging: ["restarting", "healthy", "failed", "rolled_back"],
  restarting: ["healthy", "failed", "rolled_back"],
  healthy: [],
  failed: [],
  rolled_back: [],
  canceled: [],
  superseded: [],
} as const satisfies TransitionTable<TargetState["kind"]>;

/** One agent in one rollout. A retry is a new target with the next `attempt`; the old one stays as history. */
export interface Target {
  readonly id: string;
  readonly rolloutId: string;
  readonly agentId: string;
  /** `update`: to the rollout's version; `return`: back to the version before, when a rollout rolls back. */
  readonly purpose: "update" | "return";
  readonly attempt: number;
  readonly wave: number;
  readonly fromVersion: Version | null;
  readonly toVersion: Version;
  readonly state: TargetState;
  /** When the state's kind was entered, milliseconds since 1970. */
  readonly since: number;
  /** When the agent last reported on it; while downloading, when bytes last came in. */
  readonly progressAt: number;
  readonly reason: Reason | null;
}

/** What the planner needs to know of a target's agent at the moment of planning. */
export interface AgentFacts {
  readonly online: boolean;
  /** What it said it runs, in its last hello or outcome, whichever came later. */
  readonly version: Version | null;
  /** Whether another rollout has this agent under way, or one with higher priority wants it. */
  readonly busyElsewhere: boolean;
  /** Wall clock of the host minus the server's, in milliseconds; null if not measured. */
  readonly clockSkewMs: number | null;
  /** Whether its windows and the freeze calendar let it be updated now. */
  readonly hours: Hours;
  /** As they are now, its own and the central ones. */
  readonly labels: Readonly<Record<string, string>>;
  /** `linux/amd64`. */
  readonly platform: string;
  /** How often the host has rolled this very release back, in any rollout, since it was last forgiven. */
  readonly rollbacks: number;
  /** Whether its disk, as it last told, has less free than the update needs; unknown is not short. */
  readonly diskShort: boolean;
  /** Whether it is not in the rollout's cohort any more; asked when its wave opens, and never after. */
  readonly hasLeft?: boolean;
}
