import type { TransitionTable } from "@muster/core";

/** What the agent does for a target, up to the handoff and until the updater's outcome. */
export type UpdateState =
  | { readonly kind: "idle" }
  | { readonly kind: "checking"; readonly targetId: string }
  | {
      readonly kind: "downloading";
      readonly targetId: string;
      readonly receivedBytes: number;
      readonly totalBytes: number;
    }
  | { readonly kind: "verifying"; readonly targetId: string }
  | { readonly kind: "staging"; readonly targetId: string }
  /** The updater's now: nothing the agent does can stop it. */
  | { readonly kind: "handed_over"; readonly targetId: string };

export const UPDATE_TRANSITIONS = {
  idle: ["checking", "handed_over"],
  checking: ["downloading", "idle"],
  downloading: ["downloading", "verifying", "idle"],
  verifying: ["staging", "downloading", "idle"],
  staging: ["handed_over", "idle"],
  handed_over: ["idle", "checking"],
} as const satisfies TransitionTable<UpdateState["kind"]>;

/** The target the state is about, or null. */
export function targetOf(state: UpdateState): string | null {
  return state.kind === "idle" ? null : state.targetId;
}
