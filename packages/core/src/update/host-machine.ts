import { MusterError, type ErrorCode } from "../errors.ts";
import { HOST_TRANSITIONS, type HostState, type Probation, type UpdateAttempt } from "./host.ts";

/** What moves a host from one state to the next. */
export type HostEvent =
  /** A verified handoff was taken up. */
  | { readonly kind: "taken"; readonly attempt: UpdateAttempt }
  /** The update ended before anything was switched. */
  | { readonly kind: "abandoned" }
  /** The new tree stands in `versions/`; the switch begins. */
  | { readonly kind: "switch_begun" }
  /** `current` points at the new version. */
  | { readonly kind: "switched"; readonly probation: Probation }
  /** The new version was started or looked at. */
  | { readonly kind: "observed"; readonly probation: Probation }
  | { readonly kind: "committed"; readonly probation: Probation }
  | { readonly kind: "failed"; readonly cause: { readonly code: ErrorCode; readonly message: string } }
  /** The good outcome is on disk. */
  | { readonly kind: "finalized" }
  /** `current` is what it was before, and the outcome is on disk. */
  | { readonly kind: "rolled_back" };

/**
 * The state after an event. Throws `HOST_TRANSITION_INVALID` for an event that has no meaning in the state; never
 * leaves `HOST_TRANSITIONS`.
 *
 * ```
 * steady ─taken→ staged ─switch_begun→ activating ─switched→ probation ─committed→ committed ─finalized→ steady
 *    ↑             │                       │                   ↺ observed
 *    ├──abandoned──┘                       └──failed→ rolling_back ←failed──┘ (probation)
 *    └───────────────rolled_back──────────────────────────┘
 * ```
 */
export function transitionHost(state: HostState, event: HostEvent): HostState {
  const next = follow(state, event);
  const allowed: readonly HostState["kind"][] = HOST_TRANSITIONS[state.kind];
  if (next === null || !allowed.includes(next.kind)) {
    throw new MusterError("HOST_TRANSITION_INVALID", { state: state.kind, event: event.kind });
  }
  return next;
}

function follow(state: HostState, event: HostEvent): HostState | null {
  switch (state.kind) {
    case "steady":
      return event.kind === "taken" ? { kind: "staged", attempt: event.attempt } : null;
    case "staged":
      if (event.kind === "abandoned") return { kind: "steady" };
      return event.kind === "switch_begun" ? { kind: "activating", attempt: state.attempt } : null;
    case "activating":
      if (event.kind === "failed")
        return { ...state, kind: "rolling_back", probation: null, cause: event.cause };
      return event.kind === "switched" ? { ...state, kind: "probation", probation: event.probation } : null;
    case "probation":
      if (event.kind === "failed") return { ...state, kind: "rolling_back", cause: event.cause };
      if (event.kind === "observed") return { ...state, probation: event.probation };
      return event.kind === "committed" ? { ...state, kind: "committed", probation: event.probation } : null;
    case "committed":
      return event.kind === "finalized" ? { kind: "steady" } : null;
    case "rolling_back":
      return event.kind === "rolled_back" ? { kind: "steady" } : null;
  }
}
