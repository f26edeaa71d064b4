import { MusterError, type ErrorCode } from "../errors.ts";
import { ROLLOUT_TRANSITIONS, type PauseCause, type Rollout, type RolloutState } from "./rollout.ts";

export type RolloutEvent =
  | { readonly kind: "start" }
  | { readonly kind: "pause"; readonly cause: PauseCause }
  | { readonly kind: "resume" }
  | { readonly kind: "complete" }
  | { readonly kind: "cancel" }
  | { readonly kind: "fail"; readonly code: ErrorCode; readonly message: string }
  | { readonly kind: "begin_return" }
  | { readonly kind: "finish_return" };

/**
 * Whether the rollout has ended: nothing moves it but an operator who takes it back. Targets under way may still be: plan
 * it until `nextWakeAt` is null.
 */
export function isRolloutEnded(state: RolloutState): boolean {
  return ENDED.includes(state.kind);
}

const ENDED: readonly RolloutState["kind"][] = ["completed", "canceled", "failed", "rolled_back"];

/** The state after an event; throws `ROLLOUT_TRANSITION_INVALID` for one that the state does not allow. */
export function transitionRollout(state: RolloutState, event: RolloutEvent): RolloutState {
  const next = after(event);
  const allowed: readonly RolloutState["kind"][] = ROLLOUT_TRANSITIONS[state.kind];
  // `start` and `resume` lead to the same state from different ones.
  const misplaced =
    (event.kind === "start" && state.kind !== "scheduled") ||
    (event.kind === "resume" && state.kind !== "paused");
  if (misplaced || !allowed.includes(next.kind)) {
    throw new MusterError("ROLLOUT_TRANSITION_INVALID", { state: state.kind, event: event.kind });
  }
  return next;
}

/** The rollout after an event at `now`; the caller raises `revision`. Throws `ROLLOUT_TRANSITION_INVALID`. */
export function changeRollout(rollout: Rollout, event: RolloutEvent, now: number): Rollout {
  return { ...rollout, state: transitionRollout(rollout.state, event), since: now };
}

function after(event: RolloutEvent): RolloutState {
  switch (event.kind) {
    case "start":
    case "resume":
      return { kind: "running" };
    case "pause":
      return { kind: "paused", cause: event.cause };
    case "complete":
      return { kind: "completed" };
    case "cancel":
      return { kind: "canceled" };
    case "fail":
      return { kind: "failed", code: event.code, message: event.message };
    case "begin_return":
      return { kind: "rolling_back" };
    case "finish_return":
      return { kind: "rolled_back" };
  }
}
