import type { ErrorCode, OutcomeResult, Version } from "@muster/core";
import type { CrashHost } from "./host/crash-host.ts";

/** How a scenario may end: as it would have, or as if it had been cut off before its switch. */
export interface Ending {
  readonly current: Version;
  /** The outcome of the target, or null for a scenario without one. */
  readonly outcome: "healthy" | `${Exclude<OutcomeResult, "healthy">} ${ErrorCode}` | null;
}

/** Work of the updater that is cut off at every step. */
export interface Scenario {
  readonly name: string;
  /** The package's folder. */
  readonly packageFolder: string;
  /** Makes the state folder that the work begins with; everything is ended when it resolves. */
  readonly prepare: (host: CrashHost) => Promise<void>;
  /** The updater's command that is cut off. */
  readonly command: readonly string[];
  /** Whether a service keeps the payload running meanwhile. */
  readonly served: boolean;
  /** The target whose outcome there must be once, or null. */
  readonly target: string | null;
  readonly endings: readonly Ending[];
}
