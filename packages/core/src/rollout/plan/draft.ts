import type { Decision, PlanInput } from "../decision.ts";
import type { Reason } from "../reason.ts";
import type { RolloutState, Target, WaveState } from "../rollout.ts";
import type { Version } from "../../release/version.ts";

/** A pending target whose agent can take it now. */
export interface Ready {
  readonly target: Target;
  readonly fromVersion: Version | null;
  /** Its value of the spread limit's label; null: it has none, or there is no limit. */
  readonly spreadValue: string | null;
}

/** The newest attempts of one wave, or of all returns, sorted by how they stand. Local to one plan. */
export interface Group {
  size: number;
  ended: number;
  healthy: number;
  /** Failed or rolled back. */
  failed: number;
  /** Canceled, because something keeps them out. */
  dropped: number;
  underWay: number;
  /** Toward the threshold. */
  counted: number;
  /** Not yet looked at: nobody asked for their agents. */
  pending: Target[];
  ready: Ready[];
  held: Map<Reason, Target[]>;
}

export interface WaveDraft extends Group {
  readonly index: number;
  readonly approved: boolean;
  readonly forgivenBefore: number;
  readonly openedAt: number | null;
  state: WaveState;
}

/** A plan being made: the decisions so far, and how the rollout stands after them. */
export interface Draft {
  readonly input: PlanInput;
  readonly latest: readonly Target[];
  readonly decisions: Decision[];
  readonly waves: readonly WaveDraft[];
  readonly returns: Group;
  /** Targets that this plan expires. */
  readonly expired: Set<string>;
  /** Targets whose reason changes, by the new one. */
  readonly reasons: Map<Reason | null, string[]>;
  state: RolloutState;
  underWay: number;
  /** Of those under way, dispatched or downloading. */
  downloading: number;
  /** Of those under way, how many have each value of the spread limit's label. */
  readonly spread: Map<string, number>;
  /** Slices that are held. */
  readonly slices: Set<string>;
  /** Why the ready ones that are left wait, unless they wait for a limit of their own. */
  shortOf: "waiting_for_slot" | "waiting_for_batch";
}

export function emptyGroup(): Group {
  return {
    size: 0,
    ended: 0,
    healthy: 0,
    failed: 0,
    dropped: 0,
    underWay: 0,
    counted: 0,
    pending: [],
    ready: [],
    held: new Map(),
  };
}

/** How many of a group still wait for anything. */
export function waitingIn(group: Group): number {
  let held = 0;
  for (const targets of group.held.values()) held += targets.length;
  return group.pending.length + group.ready.length + held;
}

/** Notes a target's reason, if it is not the one it has. */
export function giveReason(draft: Draft, target: Target, reason: Reason | null): void {
  if (target.reason === reason) return;
  const ids = draft.reasons.get(reason);
  if (ids) ids.push(target.id);
  else draft.reasons.set(reason, [target.id]);
}
