import type { Decision, PlanInput } from "./decision.ts";
import { cancelPending, completeWhenEnded, startWhenDue } from "./plan/completion.ts";
import { dispatchUpdates } from "./plan/dispatch.ts";
import { giveReasons } from "./plan/reasons.ts";
import { returnUpdated } from "./plan/returns.ts";
import { holdSlices } from "./plan/slices.ts";
import { survey } from "./plan/survey.ts";
import { haltAtThreshold } from "./plan/threshold.ts";
import { moveWaves, resumeWhenApproved } from "./plan/waves.ts";
import { isRolloutEnded } from "./rollout-machine.ts";

/**
 * All there is to the rollout controller: what to do now, in order. Pure, and linear in the number of targets.
 *
 * Plan on every change of the rollout, its targets or its agents, and at `nextWakeAt`. Apply all of it in one transaction
 * as of `now`; planning again then decides nothing, except after an `add_return`, whose targets are dispatched by the next
 * plan. A rollout that has ended is planned on until its last target has: deadlines go on.
 */
export function planRollout(input: PlanInput): Decision[] {
  const draft = survey(input);
  startWhenDue(draft);
  resumeWhenApproved(draft);
  haltAtThreshold(draft);
  if (draft.state.kind === "running") {
    holdSlices(draft);
    moveWaves(draft);
  }
  if (draft.state.kind === "running") {
    dispatchUpdates(draft);
    completeWhenEnded(draft);
  }
  if (draft.state.kind === "rolling_back") {
    cancelPending(draft);
    returnUpdated(draft);
  }
  if (isRolloutEnded(draft.state)) cancelPending(draft);
  giveReasons(draft);
  return draft.decisions;
}
