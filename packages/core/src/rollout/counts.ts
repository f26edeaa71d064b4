import { countTouched, standingTargets } from "./attempts.ts";
import { isSilent, type Watch } from "./deadlines.ts";
import type { PlanInput } from "./decision.ts";
import type { Target, TargetState } from "./rollout.ts";

/** How many agents of a wave or a rollout stand where. All but `planned` and `silent` add up to `planned`. */
export interface Counts {
  readonly planned: number;
  readonly pending: number;
  readonly inProgress: number;
  readonly healthy: number;
  readonly failed: number;
  /** By the host itself, or returned with the rollout. */
  readonly rolledBack: number;
  /** Those in progress that have stopped reporting. */
  readonly silent: number;
  /** Canceled, or not needed because the agent got there otherwise. */
  readonly canceled: number;
}

export type TargetGroup = "pending" | "in_progress" | "healthy" | "failed" | "rolled_back" | "canceled";

export interface RolloutCounts {
  readonly total: Counts;
  /** By wave index. */
  readonly waves: readonly Counts[];
  /** Hosts that were ever given the update. */
  readonly touched: number;
}

const GROUPS: Readonly<Record<TargetState["kind"], TargetGroup>> = {
  pending: "pending",
  dispatched: "in_progress",
  downloading: "in_progress",
  verifying: "in_progress",
  staging: "in_progress",
  restarting: "in_progress",
  healthy: "healthy",
  failed: "failed",
  rolled_back: "rolled_back",
  canceled: "canceled",
  superseded: "canceled",
};

/** The group that a standing target (`standingTargets`) counts in. */
export function targetGroup({ purpose, state }: Pick<Target, "purpose" | "state">): TargetGroup {
  if (purpose === "update") return GROUPS[state.kind];
  // An agent that returned, or was back already, runs its old version: it was rolled back.
  if (state.kind === "healthy" || state.kind === "superseded") return "rolled_back";
  // A return that was called off leaves the agent on the new version.
  return state.kind === "canceled" ? "healthy" : GROUPS[state.kind];
}

/** Counts the standing targets of a rollout, in all and by wave. */
export function countTargets(input: Omit<PlanInput, "agents" | "hoursChangeAt">): RolloutCounts {
  const { rollout, targets, now, listeningSince } = input;
  const watch: Watch = { spec: rollout.spec, listeningSince };
  const total = noCounts();
  const waves = rollout.waves.map(noCounts);
  for (const target of standingTargets(targets)) {
    const name = COUNT_NAMES[targetGroup(target)];
    const silent = isSilent(target, watch, now);
    for (const counts of [total, waves[target.wave]]) {
      if (!counts) continue;
      counts.planned += 1;
      counts[name] += 1;
      if (silent) counts.silent += 1;
    }
  }
  return { total, waves, touched: countTouched(targets) };
}

const COUNT_NAMES = {
  pending: "pending",
  in_progress: "inProgress",
  healthy: "healthy",
  failed: "failed",
  rolled_back: "rolledBack",
  canceled: "canceled",
} as const satisfies Record<TargetGroup, keyof Counts>;

function noCounts(): { -readonly [Name in keyof Counts]: number } {
  return {
    planned: 0,
    pending: 0,
    inProgress: 0,
    healthy: 0,
    failed: 0,
    rolledBack: 0,
    silent: 0,
    canceled: 0,
  };
}
