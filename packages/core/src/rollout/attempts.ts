import type { Target, TargetState } from "./rollout.ts";

/** What stands of a rollout's targets: the newest attempt of each agent and purpose. Older ones are history. */
export function latestAttempts(targets: readonly Target[]): readonly Target[] {
  const newest = new Map<string, number>();
  for (const target of targets) {
    if (target.attempt === 1) continue;
    const key = keyOf(target);
    newest.set(key, Math.max(newest.get(key) ?? 1, target.attempt));
  }
  // Nobody retried: the common case, and the one with 100,000 targets.
  if (newest.size === 0) return targets;
  return targets.filter((target) => target.attempt === (newest.get(keyOf(target)) ?? 1));
}

/**
 * One target for each agent, the one that says how the agent stands: its return if there is one, else the newest attempt
 * to update it. What counts and lists are made of.
 */
export function standingTargets(targets: readonly Target[]): readonly Target[] {
  const latest = latestAttempts(targets);
  const returning = new Set<string>();
  for (const target of latest) if (target.purpose === "return") returning.add(target.agentId);
  if (returning.size === 0) return latest;
  return latest.filter((target) => target.purpose === "return" || !returning.has(target.agentId));
}

/** The targets that `retry` makes a next attempt for. */
export function retryableTargets(targets: readonly Target[]): readonly Target[] {
  return latestAttempts(targets).filter(({ purpose, state }) => purpose === "update" && isRetryable(state));
}

/** What was kept out by its host's past has a chance again when the host is forgiven. */
function isRetryable(state: TargetState): boolean {
  if (state.kind === "canceled") return state.code === "TARGET_QUARANTINED";
  return state.kind === "failed" || state.kind === "rolled_back";
}

/** How many hosts were ever given the update, whatever became of it. */
export function countTouched(targets: readonly Target[]): number {
  const touched = new Set<string>();
  for (const target of targets) {
    if (target.purpose === "update" && wasDispatched(target.state)) touched.add(target.agentId);
  }
  return touched.size;
}

/** Whether the agent was ever told: the states that only a waiting target can reach are left out. */
function wasDispatched({ kind }: TargetState): boolean {
  return kind !== "pending" && kind !== "canceled" && kind !== "superseded";
}

function keyOf(target: Target): string {
  return `${target.purpose} ${target.agentId}`;
}

/** The next attempt of a target that failed or rolled back, in the same wave; the old one stays as it is. */
export function nextAttempt(target: Target, id: string, now: number): Target {
  return {
    ...target,
    id,
    attempt: target.attempt + 1,
    state: { kind: "pending" },
    since: now,
    progressAt: now,
    reason: null,
  };
}
