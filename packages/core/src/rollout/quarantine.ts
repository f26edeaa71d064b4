import type { AgentFacts, RolloutSpec } from "./rollout.ts";

/** So often a host rolls one and the same release back before it is offered that release no more. */
export const HOST_ROLLBACKS_MAX = 2;
/** Fewer rollbacks than this are no cluster. */
export const CLUSTER_MIN = 3;
/** Where more than this share rolls back outside of a slice, in percent, it is the release and not the slice. */
const REST_BAD_MAX_PERCENT = 10;

/** Whether a host has rolled this release back too often to be offered it again. */
export function isHostQuarantined(rollbacks: number): boolean {
  return rollbacks >= HOST_ROLLBACKS_MAX;
}

/** The slices of the fleet that an agent is in: its platform, and its values of the labels that the plan names. */
export function slicesOf(
  { platform, labels }: Pick<AgentFacts, "platform" | "labels">,
  { sliceLabels }: Pick<RolloutSpec, "sliceLabels">,
): readonly string[] {
  const slices = [`platform=${platform}`];
  for (const label of sliceLabels) {
    const value = labels[label];
    if (value !== undefined) slices.push(`${label}=${value}`);
  }
  return slices;
}

/** An agent whose update has ended. */
export interface EndedAgent {
  readonly slices: readonly string[];
  readonly rolledBack: boolean;
}

interface Tally {
  ended: number;
  bad: number;
}

/**
 * The slices in which rollbacks cluster, in order: at least three, at least half of those that ended there, and the rest
 * of the fleet is well. A rest in which nobody has ended yet says nothing.
 */
export function clusteredSlices(agents: Iterable<EndedAgent>): readonly string[] {
  const all: Tally = { ended: 0, bad: 0 };
  const tallies = new Map<string, Tally>();
  for (const { slices, rolledBack } of agents) {
    count(all, rolledBack);
    for (const slice of slices) {
      const tally = tallies.get(slice) ?? { ended: 0, bad: 0 };
      tallies.set(slice, tally);
      count(tally, rolledBack);
    }
  }
  return [...tallies]
    .filter(([, { ended, bad }]) => {
      const rest = { ended: all.ended - ended, bad: all.bad - bad };
      const isCluster = bad >= CLUSTER_MIN && bad * 2 >= ended;
      return isCluster && rest.ended > 0 && rest.bad * 100 <= rest.ended * REST_BAD_MAX_PERCENT;
    })
    .map(([slice]) => slice)
    .toSorted();
}

function count(tally: Tally, rolledBack: boolean): void {
  tally.ended += 1;
  if (rolledBack) tally.bad += 1;
}
