import type { RolloutView, TargetView } from "@muster/protocol/http";

/** The later of two views of one rollout. At the same revision the one that came last stands: counts move without it. */
export function laterRollout(known: RolloutView | undefined, arrived: RolloutView): RolloutView {
  return known !== undefined && known.revision > arrived.revision ? known : arrived;
}

const ORDER: Readonly<Record<TargetView["state"], number>> = {
  pending: 0,
  dispatched: 1,
  downloading: 2,
  verifying: 3,
  staging: 4,
  restarting: 5,
  healthy: 6,
  failed: 6,
  rolled_back: 6,
  canceled: 6,
  superseded: 6,
};

/** The later of two views of one target: a stage never goes back, and within one the last progress counts. */
export function laterTarget(known: TargetView | undefined, arrived: TargetView): TargetView {
  if (known === undefined) return arrived;
  const stage = ORDER[known.state] - ORDER[arrived.state];
  if (stage !== 0) return stage > 0 ? known : arrived;
  return known.progressAt > arrived.progressAt ? known : arrived;
}

/**
 * The items with those replaced that have a view of the same id in `arrived`. The same array if nothing changed, so
 * that nothing is painted again for nothing.
 */
export function mergeById<T extends { readonly id: string }>(
  items: readonly T[],
  arrived: ReadonlyMap<string, T>,
  later: (known: T, arrived: T) => T,
): readonly T[] {
  let changed = false;
  const merged = items.map((item) => {
    const next = arrived.get(item.id);
    if (next === undefined) return item;
    const kept = later(item, next);
    changed ||= kept !== item;
    return kept;
  });
  return changed ? merged : items;
}
