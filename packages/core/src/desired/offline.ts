import { latestAttempts } from "../rollout/attempts.ts";
import type { Rollout, Target } from "../rollout/rollout.ts";
import { isTargetEnded } from "../rollout/target-machine.ts";

/**
 * The pending targets of a running rollout that waits for nobody but agents that are not connected, and since when; null:
 * it waits for something else, or not at all.
 */
export function offlineWait(
  rollout: Rollout,
  targets: readonly Target[],
): { readonly since: number; readonly targets: readonly Target[] } | null {
  if (rollout.state.kind !== "running") return null;
  let since = rollout.since;
  const waiting: Target[] = [];
  for (const target of latestAttempts(targets)) {
    if (isTargetEnded(target.state)) since = Math.max(since, target.since);
    // In a wave that has not opened, and where another reason holds an agent, there is more to wait for.
    else if (target.state.kind === "pending" && target.reason === "offline") waiting.push(target);
    else return null;
  }
  return waiting.length === 0 ? null : { since, targets: waiting };
}
