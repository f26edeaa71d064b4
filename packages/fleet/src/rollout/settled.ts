import { isRolloutEnded, isTargetEnded, type Rollout, type Target } from "@muster/core";

/** Whether nothing is left to plan: the rollout has ended, and so has every target of it. */
export function isSettled({ state }: Pick<Rollout, "state">, targets: Iterable<Target>): boolean {
  if (!isRolloutEnded(state)) return false;
  for (const target of targets) if (!isTargetEnded(target.state)) return false;
  return true;
}
