import { latestAttempts } from "./attempts.ts";
import { deadlineOf, offlineExpiryOf, silentFrom, type Watch } from "./deadlines.ts";
import type { PlanInput } from "./decision.ts";
import { nextBatchAt } from "./plan/batches.ts";
import type { Rollout, Target } from "./rollout.ts";

/** When a waiting target may have to be given up; only a rollout that runs gives one up. */
function expiryOf(target: Target, { state, waves, spec }: Rollout): number | null {
  const openedAt = waves[target.wave]?.openedAt ?? null;
  if (state.kind !== "running" || openedAt === null || target.purpose === "return") return null;
  return offlineExpiryOf(target, openedAt, spec);
}

/**
 * The earliest time after `now` at which planning again could decide something though nothing was reported; null if only
 * a report or an operator can. Ask it after the plan at `now` was applied.
 */
export function nextWakeAt(input: Omit<PlanInput, "agents">): number | null {
  const { rollout, now } = input;
  let earliest = Infinity;
  const consider = (at: number | null) => {
    if (at !== null && at > now && at < earliest) earliest = at;
  };
  const watch: Watch = { spec: rollout.spec, listeningSince: input.listeningSince };
  let pending = 0;
  for (const target of latestAttempts(input.targets)) {
    if (target.state.kind === "pending") {
      pending += 1;
      consider(expiryOf(target, rollout));
    }
    consider(deadlineOf(target, watch));
    consider(silentFrom(target, watch));
  }
  if (rollout.state.kind === "scheduled") consider(rollout.spec.startAt);
  if (rollout.state.kind === "running") {
    consider(rollout.spec.startAt);
    if (pending > 0) {
      consider(nextBatchAt(rollout));
      consider(input.hoursChangeAt);
    }
    for (const { state } of rollout.waves) if (state.kind === "settling") consider(state.until);
  }
  return earliest === Infinity ? null : earliest;
}
