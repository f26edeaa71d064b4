import type { Reason } from "../reason.ts";
import type { PauseCause, RolloutState } from "../rollout.ts";
import { isRolloutEnded } from "../rollout-machine.ts";
import { giveReason, type Draft, type Group, type WaveDraft } from "./draft.ts";
import { readyReason } from "./limits.ts";

const PAUSE_REASONS: Readonly<Record<PauseCause, Reason>> = {
  operator: "operator",
  failure_threshold: "threshold",
  approval_required: "approval",
  release_yanked: "release_yanked",
  outside_window: "outside_window",
};

/** Gives everything that is not moving its one reason. Runs last, on how the rollout stands after the plan. */
export function giveReasons(draft: Draft): void {
  for (const wave of draft.waves) reasonTargets(draft, wave, pendingReason(draft, wave));
  reasonTargets(draft, draft.returns, "returning");
  for (const [reason, targetIds] of draft.reasons) {
    draft.decisions.push({ kind: "set_target_reason", targetIds, reason });
  }
  for (const wave of draft.waves) {
    const reason = waveReason(draft, wave);
    const had = draft.input.rollout.waves[wave.index]?.reason;
    if (had !== reason) draft.decisions.push({ kind: "set_wave_reason", wave: wave.index, reason });
  }
  const reason = rolloutReason(draft);
  if (draft.input.rollout.reason !== reason) draft.decisions.push({ kind: "set_rollout_reason", reason });
}

function reasonTargets(draft: Draft, group: Group, pending: Reason): void {
  const isMoving = draft.state.kind === "running" || group === draft.returns;
  for (const target of group.pending) giveReason(draft, target, pending);
  for (const ready of group.ready) {
    giveReason(draft, ready.target, isMoving ? readyReason(draft, ready) : pending);
  }
  // In a rollout that stands still, that it does is why, whatever else is in the way.
  for (const [reason, targets] of group.held) {
    for (const target of targets) giveReason(draft, target, isMoving ? reason : pending);
  }
}

function pendingReason(draft: Draft, wave: WaveDraft): Reason {
  if (wave.state.kind === "waiting" && draft.state.kind !== "scheduled") return "waiting_for_wave";
  return haltReason(draft.state) ?? draft.shortOf;
}

function waveReason(draft: Draft, wave: WaveDraft): Reason | null {
  if (isRolloutEnded(draft.state) || wave.state.kind === "passed") return null;
  if (wave.state.kind === "failed") return "threshold";
  if (wave.underWay > 0) return "in_progress";
  const halted = haltReason(draft.state);
  if (wave.state.kind === "waiting") return waitingReason(draft, wave, halted);
  return halted ?? (wave.state.kind === "settling" ? "settling" : groupReason(draft, wave));
}

function waitingReason(draft: Draft, wave: WaveDraft, halted: Reason | null): Reason {
  if (wave.index === 0) return halted ?? "not_started";
  const before = draft.waves[wave.index - 1]?.state.kind;
  if (before === "settling") return halted ?? "settling";
  return before === "passed" ? (halted ?? "in_progress") : "earlier_wave";
}

function rolloutReason(draft: Draft): Reason | null {
  if (isRolloutEnded(draft.state)) return null;
  const halted = haltReason(draft.state);
  if (halted !== null) return halted;
  if (draft.underWay > 0) return "in_progress";
  for (const wave of draft.waves) {
    const reason = waveReason(draft, wave);
    if (reason !== null) return reason;
  }
  // Every wave has passed, and some of their agents are still to come.
  const late = draft.waves.find((wave) => wave.held.size > 0 || wave.ready.length > 0);
  return late ? groupReason(draft, late) : "in_progress";
}

/** Why a group with nothing under way does not go on. */
function groupReason(draft: Draft, group: Group): Reason {
  const [first] = group.ready;
  if (first) return readyReason(draft, first);
  let most: Reason = "in_progress";
  let count = 0;
  for (const [reason, { length }] of group.held) {
    if (length > count) [most, count] = [reason, length];
  }
  return most;
}

function haltReason(state: RolloutState): Reason | null {
  if (state.kind === "paused") return PAUSE_REASONS[state.cause];
  if (state.kind === "rolling_back") return "returning";
  return state.kind === "scheduled" ? "not_started" : null;
}
