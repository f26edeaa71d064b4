import { batchBudget } from "./batches.ts";
import type { Draft, Group } from "./draft.ts";

/** Dispatches what is ready in the open waves, earlier waves first, within the batch and the targets under way. */
export function dispatchUpdates(draft: Draft): void {
  const { rollout, now } = draft.input;
  const batch = batchBudget(rollout, now);
  let budget = Math.min(freeSlots(draft), batch);
  const isReady = draft.waves.some((wave) => wave.ready.length > 0);
  const isBatch = rollout.spec.strategy.kind === "batches" && budget > 0 && isReady;
  // Marked first, so that a batch cut off in the middle is late rather than too large.
  if (isBatch) draft.decisions.push({ kind: "mark_batch", at: now });
  draft.shortOf = isBatch || batch === 0 ? "waiting_for_batch" : "waiting_for_slot";
  for (const wave of draft.waves) budget -= dispatchFrom(draft, wave, budget);
}

/** Dispatches the returns that are ready; neither waves nor batches hold them back. */
export function dispatchReturns(draft: Draft): void {
  dispatchFrom(draft, draft.returns, freeSlots(draft));
}

function freeSlots(draft: Draft): number {
  return Math.max(0, draft.input.rollout.spec.maxInFlight - draft.underWay);
}

function dispatchFrom(draft: Draft, group: Group, budget: number): number {
  const taken = Math.min(budget, group.ready.length);
  for (const { target, fromVersion } of group.ready.slice(0, taken)) {
    draft.decisions.push({ kind: "dispatch", targetId: target.id, fromVersion });
  }
  group.ready = group.ready.slice(taken);
  group.underWay += taken;
  draft.underWay += taken;
  return taken;
}
