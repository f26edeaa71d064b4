import type { RolloutView } from "@muster/protocol/http";

/** What can be done with a rollout now. */
export function verbsOf({ state, pauseCause, counts }: RolloutView): RolloutView["verbs"] {
  const paused = state === "paused";
  const over = ["completed", "canceled", "failed", "rolled_back"].includes(state);
  const bad = counts.failed + counts.rolledBack;
  const word = state.replace("_", " ");
  return [
    state === "running"
      ? yes("pause", "No further agent is given the update; those under way go on to their end.")
      : no("pause", `The rollout is ${word}.`),
    paused && pauseCause !== "approval_required"
      ? yes("resume", "Goes on where it stopped; what failed so far no longer counts toward the threshold.")
      : no("resume", paused ? "It waits for an approval, not for a resume." : `The rollout is ${word}.`),
    pauseCause === "approval_required"
      ? yes("approve", "Lets the next wave open. Agents under way are not affected.")
      : no("approve", "No wave waits for an approval."),
    bad > 0 && !over
      ? yes("retry", "Gives the update again to the agents that failed or rolled back.")
      : no("retry", bad === 0 ? "No agent has failed or rolled back." : `The rollout is ${word}.`),
    counts.healthy > 0 && state !== "rolling_back" && state !== "rolled_back"
      ? yes("roll_back", "The updated agents return to their version before.")
      : no("roll_back", "No agent runs the new version."),
    over
      ? no("cancel", `The rollout is ${word}.`)
      : yes(
          "cancel",
          "Agents that were not given the update never get it; those under way go on to their end.",
        ),
  ];
}

type Verb = RolloutView["verbs"][number];
const yes = (verb: Verb["verb"], why: string): Verb => ({ verb, allowed: true, why });
const no = (verb: Verb["verb"], why: string): Verb => ({ verb, allowed: false, why });
