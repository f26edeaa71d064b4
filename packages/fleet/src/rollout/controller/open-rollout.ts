import type { Rollout, Target } from "@muster/core";

/** A rollout that is still to be planned, as the database holds it. */
export interface OpenRollout {
  readonly rollout: Rollout;
  /** In the order of dispatch. */
  readonly targets: readonly Target[];
}
