import type { FleetChange, ReleaseKey, ReleaseRegistry, Rollouts } from "@muster/fleet";
import type { LiveEvent, OverviewView } from "@muster/protocol/http";

const TARGETS_PER_EVENT = 200;

/** What has changed, each thing once. */
export interface Changes {
  readonly overview: boolean;
  readonly releases: readonly ReleaseKey[];
  readonly rollouts: ReadonlySet<string>;
  /** By rollout. */
  readonly targets: ReadonlyMap<string, ReadonlySet<string>>;
}

export interface ChangeSet {
  readonly isEmpty: boolean;
  note(change: FleetChange): void;
  /** Takes the changes out; that of the overview only if it is due. */
  take(overviewIsDue: boolean): Changes;
}

/** Gathers changes, however many there are, until somebody looks. */
export function createChangeSet(): ChangeSet {
  let overview = false;
  let releases = new Map<string, ReleaseKey>();
  let rollouts = new Set<string>();
  let targets = new Map<string, Set<string>>();
  return {
    get isEmpty() {
      return !overview && releases.size === 0 && rollouts.size === 0 && targets.size === 0;
    },
    note: (change) => {
      if (change.kind === "release") {
        const { product, version } = change;
        releases.set(`${product} ${version}`, { product, version });
        return;
      }
      overview = true;
      if (change.kind === "agent") return;
      rollouts.add(change.rolloutId);
      if (change.kind === "rollout") return;
      const known = targets.get(change.rolloutId) ?? new Set();
      targets.set(change.rolloutId, known.add(change.targetId));
    },
    take: (overviewIsDue) => {
      const taken = {
        overview: overview && overviewIsDue,
        releases: [...releases.values()],
        rollouts,
        targets,
      };
      releases = new Map();
      overview &&= !overviewIsDue;
      rollouts = new Set();
      targets = new Map();
      return taken;
    },
  };
}

export interface ChangeSources {
  readonly releases: Pick<ReleaseRegistry, "get">;
  readonly rollouts: Pick<Rollouts, "read" | "targetsById">;
  readonly readOverview: () => Promise<OverviewView>;
}

/** One event and the rollout it is about; null: everybody's. */
export interface RoutedEvent {
  readonly event: LiveEvent;
  readonly rolloutId: string | null;
}

/** The changes as events, as things stand now: targets first, then what counts them. */
export async function* readChanges(sources: ChangeSources, changes: Changes): AsyncGenerator<RoutedEvent> {
  for (const key of changes.releases) {
    yield { event: { event: "release", data: await sources.releases.get(key) }, rolloutId: null };
  }
  for (const [rolloutId, ids] of changes.targets) {
    const all = [...ids];
    for (let start = 0; start < all.length; start += TARGETS_PER_EVENT) {
      const batch = all.slice(start, start + TARGETS_PER_EVENT);
      const targets = await sources.rollouts.targetsById(rolloutId, batch);
      if (targets.length > 0) yield { event: { event: "targets", data: { rolloutId, targets } }, rolloutId };
    }
  }
  for (const rolloutId of changes.rollouts) {
    yield { event: { event: "rollout", data: await sources.rollouts.read(rolloutId) }, rolloutId };
  }
  if (changes.overview) {
    yield { event: { event: "overview", data: await sources.readOverview() }, rolloutId: null };
  }
}
