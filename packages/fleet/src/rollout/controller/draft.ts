import {
  changeRollout,
  changeTarget,
  changeWave,
  MusterError,
  type Rollout,
  type RolloutEvent,
  type Target,
  type TargetEvent,
  type Wave,
  type WaveEvent,
} from "@muster/core";
import type { TargetRow } from "../../store/schema.ts";
import type { DispatchRelease } from "../release-shelf.ts";
import type { OpenRollout } from "./open-rollout.ts";

/** Changes of one rollout that are written together or not at all. */
export interface RolloutDraft {
  /** As it is committed now. */
  readonly before: OpenRollout;
  readonly now: number;
  rollout: Rollout;
  /** By id: the changed targets as they are after the draft, and as they were before it. */
  readonly changed: Map<string, Target>;
  readonly originals: Map<string, Target>;
  readonly added: Target[];
  /** Targets to make an assignment for, and of which release. */
  readonly dispatched: Map<string, DispatchRelease>;
  /** Columns that a core target does not have, by id. */
  readonly columns: Map<string, Partial<TargetRow>>;
}

export function beginDraft(before: OpenRollout, now: number): RolloutDraft {
  const rollout = { ...before.rollout, revision: before.rollout.revision + 1 };
  return {
    before,
    now,
    rollout,
    changed: new Map(),
    originals: new Map(),
    added: [],
    dispatched: new Map(),
    columns: new Map(),
  };
}

/** Whether the draft changes anything but the revision. */
export function isChanged({ before, rollout, changed, added, columns }: RolloutDraft): boolean {
  if (changed.size > 0 || added.length > 0 || columns.size > 0) return true;
  const { revision } = before.rollout;
  return JSON.stringify({ ...rollout, revision }) !== JSON.stringify(before.rollout);
}

export function moveRollout(draft: RolloutDraft, event: RolloutEvent): void {
  draft.rollout = changeRollout(draft.rollout, event, draft.now);
}

export function setRollout(draft: RolloutDraft, change: Partial<Rollout>): void {
  draft.rollout = { ...draft.rollout, ...change };
}

export function moveWave(draft: RolloutDraft, index: number, event: WaveEvent): void {
  editWave(draft, index, (wave) => changeWave(wave, event, draft.now));
}

export function setWave(draft: RolloutDraft, index: number, change: Partial<Wave>): void {
  editWave(draft, index, (wave) => ({ ...wave, ...change }));
}

function editWave(draft: RolloutDraft, index: number, edit: (wave: Wave) => Wave): void {
  const waves = draft.rollout.waves.map((wave) => (wave.index === index ? edit(wave) : wave));
  setRollout(draft, { waves });
}

/** Moves a target on; nothing is noted of a report that says nothing new. `target` is as committed. */
export function moveTarget(draft: RolloutDraft, target: Target, event: TargetEvent): void {
  editTarget(draft, target, (current) => changeTarget(current, event, draft.now));
}

export function setTarget(draft: RolloutDraft, target: Target, change: Partial<Target>): void {
  editTarget(draft, target, (current) => ({ ...current, ...change }));
}

function editTarget(draft: RolloutDraft, target: Target, edit: (current: Target) => Target): void {
  const current = draft.changed.get(target.id) ?? target;
  const next = edit(current);
  if (next === current) return;
  if (!draft.originals.has(target.id)) draft.originals.set(target.id, target);
  draft.changed.set(target.id, next);
}

/** Every target as it is after the draft. */
export function* targetsAfter({ before, changed, added }: RolloutDraft): Iterable<Target> {
  for (const target of before.targets) yield changed.get(target.id) ?? target;
  yield* added;
}

/** A target of the draft's rollout; a decision about another is a broken contract. */
export function required(target: Target | undefined, targetId: string): Target {
  if (!target) throw new MusterError("INTERNAL_UNEXPECTED", { problem: "no such target", target: targetId });
  return target;
}
