import { MusterError, type ErrorCode } from "../errors.ts";
import { RELEASE_TRANSITIONS, type ReleaseState } from "./release-state.ts";

export type ReleaseEvent =
  | { readonly kind: "mirror" }
  | { readonly kind: "complete" }
  | { readonly kind: "fail"; readonly code: ErrorCode; readonly message: string }
  | { readonly kind: "yank"; readonly why: string };

/** The state after an event; throws `RELEASE_TRANSITION_INVALID` for one that the state does not allow. */
export function transitionRelease(state: ReleaseState, event: ReleaseEvent): ReleaseState {
  const next = after(event);
  const allowed: readonly ReleaseState["kind"][] = RELEASE_TRANSITIONS[state.kind];
  if (!allowed.includes(next.kind)) {
    throw new MusterError("RELEASE_TRANSITION_INVALID", { state: state.kind, event: event.kind });
  }
  return next;
}

function after(event: ReleaseEvent): ReleaseState {
  switch (event.kind) {
    case "mirror":
      return { kind: "mirroring" };
    case "complete":
      return { kind: "ready" };
    case "fail":
      return { kind: "failed", code: event.code, message: event.message };
    case "yank":
      return { kind: "yanked", why: event.why };
  }
}
