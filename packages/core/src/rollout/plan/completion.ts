import { waitingIn, type Draft } from "./draft.ts";

/** Begins a scheduled rollout when its time has come. */
export function startWhenDue(draft: Draft): void {
  const { startAt } = draft.input.rollout.spec;
  if (draft.state.kind !== "scheduled" || (startAt !== null && draft.input.now < startAt)) return;
  draft.state = { kind: "running" };
  draft.decisions.push({ kind: "start" });
}

/** Ends a running rollout when every wave has passed and every target has ended. */
export function completeWhenEnded(draft: Draft): void {
  const isOpen = draft.waves.some((wave) => wave.state.kind !== "passed" || waitingIn(wave) > 0);
  if (isOpen || draft.underWay > 0) return;
  const failed = sum(draft, "failed");
  const dropped = sum(draft, "dropped");
  // Superseded targets, and those whose agents are gone, end without either.
  if (failed + dropped > 0 && failed + dropped === sum(draft, "size")) {
    const message =
      dropped === 0
        ? `All ${failed} agents failed or rolled back`
        : `No agent was updated: ${failed} failed or rolled back, ${dropped} could not be given it`;
    draft.state = { kind: "failed", code: "ROLLOUT_NO_SUCCESS", message };
    draft.decisions.push({ kind: "fail", code: "ROLLOUT_NO_SUCCESS", message });
  } else {
    draft.state = { kind: "completed" };
    draft.decisions.push({ kind: "complete" });
  }
}

/** Cancels the updates that are not dispatched yet: the rollout has ended or turned back. */
export function cancelPending(draft: Draft): void {
  for (const wave of draft.waves) {
    for (const target of wave.pending) draft.decisions.push({ kind: "cancel_target", targetId: target.id });
    wave.ended += wave.pending.length;
    wave.pending = [];
  }
}

function sum(draft: Draft, count: "failed" | "dropped" | "size"): number {
  let total = 0;
  for (const wave of draft.waves) total += wave[count];
  return total;
}
