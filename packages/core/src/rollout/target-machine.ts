import { MusterError, type ErrorCode } from "../errors.ts";
import { isTerminal } from "../machine.ts";
import { TARGET_TRANSITIONS, type Target, type TargetStage, type TargetState } from "./rollout.ts";

/** A stage as the agent reports it. */
export type StageReport =
  | { readonly stage: "downloading"; readonly receivedBytes: number; readonly totalBytes: number }
  | { readonly stage: "verifying" | "staging" | "restarting" };

/** How the agent says a target ended. */
export type OutcomeReport =
  | { readonly result: "healthy" }
  | { readonly result: "failed" | "rolled_back"; readonly code: ErrorCode; readonly message: string };

export type TargetEvent =
  /** The controller's own. On a state that does not allow them they are an error. */
  | { readonly kind: "dispatch" }
  | { readonly kind: "expire"; readonly code: ErrorCode; readonly message: string }
  | { readonly kind: "cancel"; readonly code?: ErrorCode; readonly message?: string }
  | { readonly kind: "supersede" }
  /** The agent's. They come late, twice and out of order, so what is older than the state changes nothing. */
  | ({ readonly kind: "progress" } & StageReport)
  | ({ readonly kind: "outcome" } & OutcomeReport);

/** The event of a decision to cancel. */
export function cancelOf(why: Omit<Extract<TargetEvent, { kind: "cancel" }>, "kind">): TargetEvent {
  const { code, message } = why;
  return code === undefined ? { kind: "cancel" } : { kind: "cancel", code, message: message ?? "" };
}

/** The way of a target, first to last; a report may skip forward and never goes back. */
export const TARGET_STAGES = [
  "dispatched",
  "downloading",
  "verifying",
  "staging",
  "restarting",
] as const satisfies readonly TargetStage[];

/** Whether an agent has the target in its hands. */
export function isUnderWay(
  state: TargetState,
): state is Extract<TargetState, { readonly kind: TargetStage }> {
  return TARGET_TRANSITIONS[state.kind].length > 0 && state.kind !== "pending";
}

/** Whether nothing can change the target any more. */
export function isTargetEnded(state: TargetState): boolean {
  return isTerminal(TARGET_TRANSITIONS, state.kind);
}

/**
 * The state after an event; the very same object if the event is an agent's report that says nothing new. Throws
 * `TARGET_TRANSITION_INVALID` for an event that the state does not allow.
 */
export function transitionTarget(state: TargetState, event: TargetEvent): TargetState {
  switch (event.kind) {
    case "dispatch":
      return state.kind === "pending" ? { kind: "dispatched" } : refuse(state, event);
    case "cancel":
      return state.kind === "pending" ? { ...event, kind: "canceled" } : refuse(state, event);
    case "supersede":
      return state.kind === "pending" ? { kind: "superseded" } : refuse(state, event);
    case "expire":
      return isUnderWay(state)
        ? { kind: "failed", code: event.code, message: event.message }
        : refuse(state, event);
    case "progress":
      if (isTargetEnded(state)) return state;
      return isUnderWay(state) ? afterProgress(state, event) : refuse(state, event);
    case "outcome":
      if (isTargetEnded(state)) return state;
      return isUnderWay(state) ? afterOutcome(event) : refuse(state, event);
  }
}

/**
 * The target after an event at `now`, with its times and its reason brought along. The very same object if the event
 * changes nothing. A report of the present stage is a sign of life (`progressAt`), except a download that has not
 * received a byte more. Throws `TARGET_TRANSITION_INVALID`.
 */
export function changeTarget(target: Target, event: TargetEvent, now: number): Target {
  const state = transitionTarget(target.state, event);
  if (state.kind !== target.state.kind) {
    const reported = event.kind === "progress" || event.kind === "outcome" || event.kind === "dispatch";
    return { ...target, state, since: now, progressAt: reported ? now : target.progressAt, reason: null };
  }
  if (state !== target.state) return { ...target, state, progressAt: now };
  const alive = event.kind === "progress" && event.stage === state.kind && event.stage !== "downloading";
  return alive ? { ...target, progressAt: now } : target;
}

function afterProgress(
  state: Extract<TargetState, { readonly kind: TargetStage }>,
  report: StageReport,
): TargetState {
  const step = TARGET_STAGES.indexOf(report.stage) - TARGET_STAGES.indexOf(state.kind);
  if (step < 0) return state;
  if (report.stage !== "downloading") return step === 0 ? state : { kind: report.stage };
  const { receivedBytes, totalBytes } = report;
  const further = state.kind !== "downloading" || receivedBytes > state.receivedBytes;
  return further ? { kind: "downloading", receivedBytes, totalBytes } : state;
}

function afterOutcome(report: OutcomeReport): TargetState {
  if (report.result === "healthy") return { kind: "healthy" };
  const { result, code, message } = report;
  return result === "failed" ? { kind: result, code, message } : { kind: result, code, message };
}

function refuse(state: TargetState, event: TargetEvent): never {
  throw new MusterError("TARGET_TRANSITION_INVALID", { state: state.kind, event: event.kind });
}
