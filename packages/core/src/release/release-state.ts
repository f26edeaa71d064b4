import type { ErrorCode } from "../errors.ts";
import type { TransitionTable } from "../machine.ts";

/** Where a release stands in the registry. Only a `ready` one can be rolled out. */
export type ReleaseState =
  | { readonly kind: "draft" }
  | { readonly kind: "mirroring" }
  | { readonly kind: "ready" }
  | { readonly kind: "yanked"; readonly why: string }
  | { readonly kind: "failed"; readonly code: ErrorCode; readonly message: string };

export const RELEASE_TRANSITIONS = {
  draft: ["mirroring"],
  mirroring: ["ready", "failed"],
  ready: ["yanked"],
  yanked: [],
  // A failed mirroring is begun again by publishing the same bytes.
  failed: ["mirroring"],
} as const satisfies TransitionTable<ReleaseState["kind"]>;
