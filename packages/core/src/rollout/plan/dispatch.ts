import type { Decision } from "../decision.ts";
import { batchBudget } from "./batches.ts";
import type { Draft, Group, Ready } from "./draft.ts";
import { limitReason, noteDispatched } from "./limits.ts";

/** Dispatches what is ready in the open waves, earlier waves first, within the batch and the limits on what is under way. */
export function dispatchUpdates(draft: Draft): void {
  const { rollout, now } = draft.input;
  const batch = batchBudget(rollout, now);
  const budget = Math.min(freeSlots(draft), batch);
  const dispatches: Decision[] = [];
  for (const wave of draft.waves) take(draft, wave, { budget, dispatches });
  const isBatch = rollout.spec.strategy.kind === "batches" && dispatches.length > 0;
  // Marked first, so that a batch cut off in the middle is late rather than too large.
  if (isBatch) draft.decisions.push({ kind: "mark_batch", at: now });
  for (const dispatch of dispatches) draft.decisions.push(dispatch);
  draft.shortOf = isBatch || batch === 0 ? "waiting_for_batch" : "waiting_for_slot";
}

/** Dispatches the returns that are ready; neither waves nor batches hold them back. */
export function dispatchReturns(draft: Draft): void {
  const dispatches: Decision[] = [];
  take(draft, draft.returns, { budget: freeSlots(draft), dispatches });
  for (const dispatch of dispatches) draft.decisions.push(dispatch);
}

function freeSlots(draft: Draft): number {
  return Math.max(0, draft.input.rollout.spec.maxInFlight - draft.underWay);
}

/** Takes ready ones, in order, as long as no more than `budget` are taken in all; those at a limit are passed over. */
function take(
  draft: Draft,
  group: Group,
  { budget, dispatches }: { readonly budget: number; readonly dispatches: Decision[] },
): void {
  const left: Ready[] = [];
  for (const ready of group.ready) {
    if (dispatches.length >= budget || limitReason(draft, ready) !== null) {
      left.push(ready);
      continue;
    }
    dispatches.push({ kind: "dispatch", targetId: ready.target.id, fromVersion: ready.fromVersion });
    noteDispatched(draft, ready);
    group.underWay += 1;
  }
  group.ready = left;
}
