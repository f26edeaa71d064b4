import type { Rollout, Target } from "@muster/core";
import type { RolloutDraft } from "./draft.ts";
import type { OpenRollout } from "./open-rollout.ts";

/** One target of an open rollout. */
export interface OpenTarget {
  readonly open: OpenRollout;
  readonly target: Target;
}

/**
 * The open rollouts in memory, so that a round of planning reads nothing. It is only ever changed to what was committed,
 * and thrown away when that is in doubt.
 */
export interface Book {
  get(rolloutId: string): OpenRollout | undefined;
  ids(): readonly string[];
  target(targetId: string): OpenTarget | undefined;
  /** The agent's targets in all open rollouts. */
  ofAgent(agentId: string): readonly OpenTarget[];
  /** Puts in a rollout as it was read or made. */
  open(rollout: Rollout, targets: readonly Target[]): void;
  /** Follows a draft that was committed. */
  apply(draft: RolloutDraft): void;
  close(rolloutId: string): void;
}

interface Entry {
  rollout: Rollout;
  targets: Target[];
  readonly places: Map<string, number>;
}

export function createBook(): Book {
  const entries = new Map<string, Entry>();
  const ofTarget = new Map<string, Entry>();
  const ofAgent = new Map<string, Set<string>>();

  const add = (entry: Entry, target: Target) => {
    entry.places.set(target.id, entry.targets.length);
    entry.targets.push(target);
    ofTarget.set(target.id, entry);
    const ids = ofAgent.get(target.agentId);
    if (ids) ids.add(target.id);
    else ofAgent.set(target.agentId, new Set([target.id]));
  };

  const close = (rolloutId: string) => {
    const entry = entries.get(rolloutId);
    if (!entry) return;
    entries.delete(rolloutId);
    for (const { id, agentId } of entry.targets) {
      ofTarget.delete(id);
      const ids = ofAgent.get(agentId);
      ids?.delete(id);
      if (ids?.size === 0) ofAgent.delete(agentId);
    }
  };

  const find = (targetId: string): OpenTarget | undefined => {
    const open = ofTarget.get(targetId);
    const place = open?.places.get(targetId);
    const target = place === undefined ? undefined : open?.targets[place];
    return open && target && { open, target };
  };

  return {
    get: (rolloutId) => entries.get(rolloutId),
    ids: () => [...entries.keys()],
    target: find,
    ofAgent: (agentId) => [...(ofAgent.get(agentId) ?? [])].flatMap((id) => find(id) ?? []),
    open: (rollout, targets) => {
      close(rollout.id);
      const entry: Entry = { rollout, targets: [], places: new Map() };
      entries.set(rollout.id, entry);
      for (const target of targets) add(entry, target);
    },
    apply: (draft) => {
      const entry = entries.get(draft.rollout.id);
      if (!entry) return;
      entry.rollout = draft.rollout;
      for (const target of draft.changed.values()) {
        const place = entry.places.get(target.id);
        if (place !== undefined) entry.targets[place] = target;
      }
      for (const target of draft.added) add(entry, target);
    },
    close,
  };
}
