import type { Rollout } from "../rollout.ts";

/** How many may be dispatched now by the batches alone; Infinity without batches. */
export function batchBudget(rollout: Pick<Rollout, "spec" | "lastBatchAt">, now: number): number {
  const { strategy } = rollout.spec;
  if (strategy.kind !== "batches") return Infinity;
  const due = nextBatchAt(rollout);
  return due === null || now >= due ? strategy.size : 0;
}

/** When the next batch is due; null: now, or there are no batches. */
export function nextBatchAt({ spec, lastBatchAt }: Pick<Rollout, "spec" | "lastBatchAt">): number | null {
  if (spec.strategy.kind !== "batches" || lastBatchAt === null) return null;
  return lastBatchAt + spec.strategy.delayMs;
}
