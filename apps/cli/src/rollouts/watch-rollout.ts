import { MusterError } from "@muster/core";
import type { Client, RolloutView, TargetView } from "@muster/protocol/http";

/** A rollout as it stands now, with the targets that moved lately. */
export interface Watched {
  readonly rollout: RolloutView;
  readonly targets: ReadonlyMap<string, TargetView>;
}

export interface WatchOptions {
  readonly signal: AbortSignal;
  readonly now: () => number;
  /** How long the server may be away before the watch gives up, in milliseconds. */
  readonly patienceMs: number;
  readonly onChange: (watched: Watched) => void;
  /** Told when the server is away, and null when it is back. */
  readonly onTrouble: (error: MusterError | null) => void;
}

/** Whether nothing more happens by itself: it ended, or halted and waits for a decision. */
export function isSettled({ state, pauseCause }: Pick<RolloutView, "state" | "pauseCause">): boolean {
  if (state === "paused") return pauseCause === "failure_threshold" || pauseCause === "release_yanked";
  return state !== "scheduled" && state !== "running" && state !== "rolling_back";
}

/**
 * Follows a rollout until nothing more happens by itself, and gives it as it then stands. Throws
 * `SERVER_UNREACHABLE` when the server is away for too long, and the signal's reason.
 */
export async function watchRollout(client: Client, id: string, options: WatchOptions): Promise<RolloutView> {
  const { signal, onChange } = options;
  let watched: Watched = { rollout: await client.rollouts.get(id, { signal }), targets: new Map() };
  onChange(watched);
  if (isSettled(watched.rollout)) return watched.rollout;
  const patience = patienceOf(options);
  const events = client.events({
    rollout: id,
    signal: AbortSignal.any([signal, patience.signal]),
    onTrouble: patience.onTrouble,
  });
  for await (const event of events) {
    if (event.event === "reset") watched = { ...watched, rollout: await client.rollouts.get(id, { signal }) };
    else if (event.event === "rollout") watched = { ...watched, rollout: later(watched.rollout, event.data) };
    else if (event.event === "targets")
      watched = { ...watched, targets: withTargets(watched, event.data.targets) };
    onChange(watched);
    if (isSettled(watched.rollout)) return watched.rollout;
  }
  signal.throwIfAborted();
  throw patience.signal.reason;
}

/** Aborts with the last error once the server has been away for too long. */
function patienceOf({ now, patienceMs, onTrouble }: WatchOptions) {
  const over = new AbortController();
  let since: number | null = null;
  return {
    signal: over.signal,
    onTrouble: (error: MusterError | null) => {
      onTrouble(error);
      if (error === null) since = null;
      else if (now() - (since ??= now()) > patienceMs) over.abort(error);
    },
  };
}

/** Events that were on their way when a snapshot was read are older than it. */
function later(before: RolloutView, next: RolloutView): RolloutView {
  return next.id === before.id && next.revision >= before.revision ? next : before;
}

function withTargets(
  { rollout, targets }: Watched,
  changed: readonly TargetView[],
): ReadonlyMap<string, TargetView> {
  const moved = changed
    .filter(({ rolloutId }) => rolloutId === rollout.id)
    .map((target) => [target.id, target] as const);
  return new Map([...targets, ...moved]);
}
