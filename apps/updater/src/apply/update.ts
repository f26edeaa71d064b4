import type { Journal, ProbationLimits } from "@muster/core";
import type { Release } from "../install/stage-release.ts";
import type { OutcomeSubject } from "../outcomes/outcome-of.ts";

/** An update that is to be made, wherever it comes from. */
export interface Update {
  readonly subject: OutcomeSubject;
  readonly limits: ProbationLimits;
  /** The release, verified and welcome on this host; throws why it is not. */
  readonly check: (journal: Journal) => Release;
  readonly archive: string;
  /** The archive is not needed any more. Called once. */
  readonly onTaken: () => void;
}
