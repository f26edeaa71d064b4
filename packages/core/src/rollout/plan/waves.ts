import type { RolloutSpec } from "../rollout.ts";
import type { Draft, WaveDraft } from "./draft.ts";
import { sortPending } from "./readiness.ts";

/** Goes on where an approval was waited for, once it is given. */
export function resumeWhenApproved(draft: Draft): void {
  if (draft.state.kind !== "paused" || draft.state.cause !== "approval_required") return;
  if (draft.waves.some((wave) => needsApproval(draft, wave))) return;
  draft.state = { kind: "running" };
  draft.decisions.push({ kind: "resume" });
}

/** Opens, settles and passes waves, in order; pauses before one that needs an approval. */
export function moveWaves(draft: Draft): void {
  for (const wave of draft.waves) {
    if (needsApproval(draft, wave)) {
      draft.state = { kind: "paused", cause: "approval_required" };
      draft.decisions.push({ kind: "pause", cause: "approval_required", touched: null });
      return;
    }
    // A failed wave in a running rollout: an operator resumed, so what failed until now is forgiven.
    if (wave.state.kind === "failed") open(draft, wave, draft.input.now + 1);
    if (wave.state.kind === "waiting" && isTurnOf(draft, wave)) {
      open(draft, wave, wave.forgivenBefore);
      letLeaversGo(draft, wave);
    }
    if (wave.state.kind === "waiting") continue;
    sortPending(draft, wave);
    if (wave.state.kind === "open" && isDone(draft, wave)) settleOrPass(draft, wave);
    if (wave.state.kind === "settling" && draft.input.now >= wave.state.until) pass(draft, wave);
  }
}

/** Cancels the targets of agents that are not in the cohort any more. */
function letLeaversGo(draft: Draft, wave: WaveDraft): void {
  wave.pending = wave.pending.filter(({ id, agentId }) => {
    if (!draft.input.agents(agentId)?.hasLeft) return true;
    draft.decisions.push({ kind: "cancel_target", targetId: id });
    wave.ended += 1;
    return false;
  });
}

/**
 * Whether a wave has nothing left to wait for. Agents that cannot be dispatched now do not hold back the next wave, but a
 * wave in which no target ended has shown nothing, and one whose hours are over goes on when they come again: its agents
 * would be updated together with the next wave's.
 */
function isDone({ input }: Draft, wave: WaveDraft): boolean {
  if (wave.underWay > 0 || wave.ready.length > 0) return false;
  if (wave.held.has("outside_window") || wave.held.has("frozen")) return false;
  if (wave.size === 0) return true;
  const { doneAtPercent } = input.rollout.spec.offline;
  return wave.ended > 0 && wave.ended * 100 >= (doneAtPercent ?? 0) * wave.size;
}

function isTurnOf(draft: Draft, wave: WaveDraft): boolean {
  const { startAt } = draft.input.rollout.spec;
  // A rollout paused before its start and resumed is running, and still has to wait.
  if (wave.index === 0) return startAt === null || draft.input.now >= startAt;
  return draft.waves[wave.index - 1]?.state.kind === "passed";
}

function needsApproval(draft: Draft, wave: WaveDraft): boolean {
  return (
    wave.index > 0 &&
    wave.state.kind === "waiting" &&
    !wave.approved &&
    isTurnOf(draft, wave) &&
    (isManual(draft.input.rollout.spec) || hasShownNothing(draft.waves[wave.index - 1]))
  );
}

/** Whether a wave has passed without one agent that took the update: a person decides whether the next one opens. */
function hasShownNothing(wave: WaveDraft | undefined): boolean {
  return wave !== undefined && wave.dropped > 0 && wave.dropped === wave.size;
}

function isManual({ strategy }: RolloutSpec): boolean {
  return strategy.kind === "waves" && strategy.approval !== "automatic";
}

function open(draft: Draft, wave: WaveDraft, forgivenBefore: number): void {
  wave.state = { kind: "open" };
  draft.decisions.push({ kind: "open_wave", wave: wave.index, forgivenBefore });
}

function settleOrPass(draft: Draft, wave: WaveDraft): void {
  const { strategy } = draft.input.rollout.spec;
  const isLast = wave.index === draft.waves.length - 1;
  const settleMs = strategy.kind === "waves" && !isLast && wave.size > 0 ? strategy.settleMs : 0;
  if (settleMs === 0) {
    pass(draft, wave);
    return;
  }
  const until = draft.input.now + settleMs;
  wave.state = { kind: "settling", until };
  draft.decisions.push({ kind: "settle_wave", wave: wave.index, until });
}

function pass(draft: Draft, wave: WaveDraft): void {
  wave.state = { kind: "passed" };
  draft.decisions.push({ kind: "pass_wave", wave: wave.index });
}
