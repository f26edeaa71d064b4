import type { Decision } from "../rollout/decision.ts";
import { changeRollout, type RolloutEvent } from "../rollout/rollout-machine.ts";
import type { Rollout, Target, Wave } from "../rollout/rollout.ts";
import { cancelOf, changeTarget, type TargetEvent } from "../rollout/target-machine.ts";
import { changeWave, type WaveEvent } from "../rollout/wave-machine.ts";

/** A rollout with its targets, as a database would hold them. */
export interface RolloutRecord {
  readonly rollout: Rollout;
  readonly targets: readonly Target[];
}

/** The record after decisions made at `now`: what every applier must amount to. Changes nothing that it is given. */
export function applyDecisions(
  record: RolloutRecord,
  decisions: readonly Decision[],
  now: number,
): RolloutRecord {
  const draft: Draft = {
    rollout: { ...record.rollout, revision: record.rollout.revision + 1 },
    targets: [...record.targets],
    places: new Map(record.targets.map((target, place) => [target.id, place])),
    now,
  };
  for (const decision of decisions) apply(draft, decision);
  return { rollout: draft.rollout, targets: draft.targets };
}

interface Draft {
  rollout: Rollout;
  readonly targets: Target[];
  readonly places: ReadonlyMap<string, number>;
  readonly now: number;
}

function apply(draft: Draft, decision: Decision): void {
  switch (decision.kind) {
    case "start":
    case "resume":
    case "complete":
      return moveRollout(draft, { kind: decision.kind });
    case "fail":
      return moveRollout(draft, decision);
    case "finish_rolled_back":
      return moveRollout(draft, { kind: "finish_return" });
    case "pause":
      moveRollout(draft, { kind: "pause", cause: decision.cause });
      if (decision.touched !== null) setRollout(draft, { touchedAtHalt: decision.touched });
      return;
    case "begin_return":
      moveRollout(draft, { kind: "begin_return" });
      return setRollout(draft, { touchedAtHalt: decision.touched });
    case "hold_slices":
      return setRollout(draft, {
        quarantine: { ...draft.rollout.quarantine, slices: decision.slices },
      });
    case "mark_batch":
      return setRollout(draft, { lastBatchAt: decision.at });
    case "set_rollout_reason":
      return setRollout(draft, { reason: decision.reason });
    case "open_wave":
      moveWave(draft, decision.wave, { kind: "open" });
      return setWave(draft, decision.wave, { forgivenBefore: decision.forgivenBefore });
    case "settle_wave":
      return moveWave(draft, decision.wave, { kind: "settle", until: decision.until });
    case "pass_wave":
      return moveWave(draft, decision.wave, { kind: "pass" });
    case "fail_wave":
      return moveWave(draft, decision.wave, { kind: "fail" });
    case "set_wave_reason":
      return setWave(draft, decision.wave, { reason: decision.reason });
    case "dispatch":
    case "expire_target":
    case "supersede_target":
    case "cancel_target":
    case "set_target_reason":
    case "add_return":
      return applyToTargets(draft, decision);
  }
}

type TargetDecision = Extract<
  Decision,
  {
    kind:
      | "dispatch"
      | "expire_target"
      | "supersede_target"
      | "cancel_target"
      | "add_return"
      | "set_target_reason";
  }
>;

function applyToTargets(draft: Draft, decision: TargetDecision): void {
  switch (decision.kind) {
    case "dispatch":
      moveTarget(draft, decision.targetId, { kind: "dispatch" });
      return setTarget(draft, decision.targetId, { fromVersion: decision.fromVersion });
    case "expire_target":
      return moveTarget(draft, decision.targetId, {
        kind: "expire",
        code: decision.code,
        message: decision.message,
      });
    case "supersede_target":
      return moveTarget(draft, decision.targetId, { kind: "supersede" });
    case "cancel_target":
      return moveTarget(draft, decision.targetId, cancelOf(decision));
    case "set_target_reason":
      for (const id of decision.targetIds) setTarget(draft, id, { reason: decision.reason });
      return;
    case "add_return":
      draft.targets.push(returnTarget(draft, decision));
  }
}

function returnTarget({ rollout, now }: Draft, decision: Extract<Decision, { kind: "add_return" }>): Target {
  const { agentId, wave, fromVersion, toVersion } = decision;
  return {
    id: `return-${agentId}`,
    rolloutId: rollout.id,
    agentId,
    purpose: "return",
    attempt: 1,
    wave,
    fromVersion,
    toVersion,
    state: { kind: "pending" },
    since: now,
    progressAt: now,
    reason: null,
  };
}

function moveRollout(draft: Draft, event: RolloutEvent): void {
  draft.rollout = changeRollout(draft.rollout, event, draft.now);
}

function setRollout(draft: Draft, change: Partial<Rollout>): void {
  draft.rollout = { ...draft.rollout, ...change };
}

function moveWave(draft: Draft, index: number, event: WaveEvent): void {
  editWave(draft, index, (wave) => changeWave(wave, event, draft.now));
}

function setWave(draft: Draft, index: number, change: Partial<Wave>): void {
  editWave(draft, index, (wave) => ({ ...wave, ...change }));
}

function editWave(draft: Draft, index: number, edit: (wave: Wave) => Wave): void {
  setRollout(draft, {
    waves: draft.rollout.waves.map((wave) => (wave.index === index ? edit(wave) : wave)),
  });
}

function moveTarget(draft: Draft, id: string, event: TargetEvent): void {
  editTarget(draft, id, (target) => changeTarget(target, event, draft.now));
}

function setTarget(draft: Draft, id: string, change: Partial<Target>): void {
  editTarget(draft, id, (target) => ({ ...target, ...change }));
}

function editTarget(draft: Draft, id: string, edit: (target: Target) => Target): void {
  const place = draft.places.get(id);
  const target = place === undefined ? undefined : draft.targets[place];
  if (place === undefined || !target) throw new Error(`no target ${id}`);
  draft.targets[place] = edit(target);
}
