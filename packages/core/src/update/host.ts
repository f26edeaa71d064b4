import type { ErrorCode } from "../errors.ts";
import type { TransitionTable } from "../machine.ts";
import type { Version } from "../release/version.ts";
import type { ProbationLimits } from "./handoff.ts";

/** A moment on one host. Deadlines run on the monotonic part, which means something within one boot only. */
export interface HostTime {
  /** Changes at every boot. */
  readonly bootId: string;
  /** Whole milliseconds since that boot; never runs backwards. */
  readonly monotonicMs: number;
  /** Milliseconds since 1970, for people only. */
  readonly wallMs: number;
}

/** One update of a host, as the journal keeps it. */
export interface UpdateAttempt {
  readonly targetId: string;
  readonly product: string;
  readonly fromVersion: Version | null;
  readonly toVersion: Version;
  readonly manifestDigest: string;
  /** What the signed manifest sets as the lowest version that may follow; it binds once the version is committed. */
  readonly floor: Version | null;
  readonly limits: ProbationLimits;
  /** Wall clock at the handoff, milliseconds since 1970. */
  readonly startedAt: number;
}

/**
 * How far a new version has come. Time is monotonic and belongs to one boot; `spentMs` is what earlier boots and
 * earlier watches have used up. Time during which the gateway accepted nobody is not spent.
 */
export interface Probation {
  /** The boot that `lastSeenMs` and `healthySinceMs` belong to. */
  readonly bootId: string;
  /** Monotonic milliseconds of the last look. */
  readonly lastSeenMs: number;
  readonly spentMs: number;
  /** Starts of the new version so far. */
  readonly boots: number;
  /** Monotonic milliseconds since when every look has found it healthy, or null. */
  readonly healthySinceMs: number | null;
  /** When the old process was gone (until that is seen: when it was told to end), for the downtime. */
  readonly switched: HostTime;
}

export type HostState =
  | { readonly kind: "steady" }
  | { readonly kind: "staged"; readonly attempt: UpdateAttempt }
  | { readonly kind: "activating"; readonly attempt: UpdateAttempt }
  | { readonly kind: "probation"; readonly attempt: UpdateAttempt; readonly probation: Probation }
  | { readonly kind: "committed"; readonly attempt: UpdateAttempt; readonly probation: Probation }
  | {
      readonly kind: "rolling_back";
      readonly attempt: UpdateAttempt;
      readonly probation: Probation | null;
      readonly cause: { readonly code: ErrorCode; readonly message: string };
    };

export const HOST_TRANSITIONS = {
  steady: ["staged"],
  staged: ["activating", "steady"],
  activating: ["probation", "rolling_back"],
  probation: ["probation", "committed", "rolling_back"],
  committed: ["steady"],
  rolling_back: ["steady"],
} as const satisfies TransitionTable<HostState["kind"]>;

/** What the host's updater remembers; written whole, two generations, each with a checksum. */
export interface Journal {
  readonly schema: 1;
  /** Rises with every write. */
  readonly generation: number;
  readonly state: HostState;
  /** The lowest version that may be installed, from the signed manifests seen so far. Never falls. */
  readonly floor: Version | null;
  /** Releases this host has rolled back, newest last; at most 32. */
  readonly bad: readonly { readonly version: Version; readonly manifestDigest: string }[];
  /** The last time a committed version was given up, or null. */
  readonly recovery: Recovery | null;
}

/** A committed version that ended again and again, and was left for the one before it. */
export interface Recovery {
  readonly fromVersion: Version;
  readonly toVersion: Version;
  readonly manifestDigest: string;
  /** Wall clock, milliseconds since 1970. */
  readonly at: number;
}
