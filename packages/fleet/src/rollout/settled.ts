import { isRolloutEnded, isUnderWay, type Rollout, type Target } from "@muster/core";

/** Whether nothing is left to plan: the rollout has ended, and none of its agents is under way any more. */
export function isSettled({ state }: Pick<Rollout, "state">, targets: Iterable<Target>): boolean {
  if (!isRolloutEnded(state)) return false;
  for (const target of targets) if (isUnderWay(target.state)) return false;
  return true;
}
