import type { RolloutSpec, Target, TargetStage } from "./rollout.ts";
import { isUnderWay } from "./target-machine.ts";

/** What deadlines and silence are measured with. `listeningSince` is that of `PlanInput`. */
export interface Watch {
  readonly spec: Pick<RolloutSpec, "deadlines" | "failurePolicy" | "limits">;
  readonly listeningSince: number;
}

/** When a target under way fails for want of progress; null if it is not under way. */
export function deadlineOf(target: Target, watch: Watch): number | null {
  if (!isUnderWay(target.state)) return null;
  const stage: TargetStage = target.state.kind;
  // A download may take as long as it moves; the other stages have a fixed time.
  const from = stage === "downloading" ? target.progressAt : target.since;
  return Math.max(from, watch.listeningSince) + watch.spec.deadlines[stage];
}

/** From when on a target under way counts as silent; null if it is not under way. */
export function silentFrom(target: Target, watch: Watch): number | null {
  if (!isUnderWay(target.state)) return null;
  return Math.max(target.progressAt, watch.listeningSince) + silenceAllowed(target, watch);
}

/**
 * When a pending target whose wave opened at `openedAt` is given up if its agent is not connected then; null: never. One
 * that was retried later has its time from then on.
 */
export function offlineExpiryOf(
  target: Target,
  openedAt: number,
  { offline }: Pick<RolloutSpec, "offline">,
): number | null {
  if (offline.expireAfterMs === null) return null;
  return Math.max(openedAt, target.since) + offline.expireAfterMs;
}

/** Whether a target is under way and has stopped reporting. */
export function isSilent(target: Target, watch: Watch, now: number): boolean {
  const from = silentFrom(target, watch);
  return from !== null && now >= from;
}

/**
 * From when on a target has counted toward the threshold; null if it does not. One that fell silent and failed later
 * counts from its silence on: an operator who resumed in between has seen it.
 */
export function countsFrom(target: Target, watch: Watch, now: number): number | null {
  const { state } = target;
  if (state.kind === "failed" || state.kind === "rolled_back") {
    return Math.min(target.since, target.progressAt + watch.spec.failurePolicy.silentAfterMs);
  }
  const from = silentFrom(target, watch);
  return from !== null && now >= from ? from : null;
}

function silenceAllowed({ state }: Target, { spec }: Watch): number {
  // A new version cannot say more than "still here" before it has been steady for as long as asked.
  const steadying = state.kind === "restarting" ? spec.limits.stabilizationMs : 0;
  return spec.failurePolicy.silentAfterMs + steadying;
}
