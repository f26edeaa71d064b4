import type { LiveEvent, OverviewView, RolloutView, TargetView } from "@muster/protocol/http";
import { laterRollout, laterTarget } from "./merge.ts";

/** What has arrived since the last repaint, each thing in its latest view. */
export interface Pending {
  readonly overview: OverviewView | null;
  readonly rollouts: ReadonlyMap<string, RolloutView>;
  readonly targets: ReadonlyMap<string, TargetView>;
  /** The server cannot say what was missed: snapshots are to be read again. */
  readonly reset: boolean;
}

export const NOTHING_PENDING: Pending = {
  overview: null,
  rollouts: new Map(),
  targets: new Map(),
  reset: false,
};

/** `pending` with one more event in it. */
export function collect(pending: Pending, event: LiveEvent): Pending {
  if (event.event === "overview") return { ...pending, overview: event.data };
  if (event.event === "rollout") return { ...pending, rollouts: withRollout(pending.rollouts, event.data) };
  if (event.event === "targets")
    return { ...pending, targets: withTargets(pending.targets, event.data.targets) };
  // A reset. What came before it belongs to a time that the new snapshots cover.
  return { ...NOTHING_PENDING, reset: true };
}

function withRollout(known: Pending["rollouts"], arrived: RolloutView): Pending["rollouts"] {
  return new Map(known).set(arrived.id, laterRollout(known.get(arrived.id), arrived));
}

function withTargets(known: Pending["targets"], arrived: readonly TargetView[]): Pending["targets"] {
  const targets = new Map(known);
  for (const target of arrived) targets.set(target.id, laterTarget(targets.get(target.id), target));
  return targets;
}
