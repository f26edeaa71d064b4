import type { RolloutVerb } from "@muster/protocol/http";

interface VerbWords {
  /** On the button. */
  readonly name: string;
  /** The question over the confirmation. */
  readonly question: string;
  /** The answer that does it. */
  readonly confirm: string;
  /** Announced when the server has done it. */
  readonly done: string;
  readonly dangerous: boolean;
}

export const VERB_WORDS = {
  pause: {
    name: "Pause",
    question: "Pause this rollout?",
    confirm: "Pause",
    done: "The rollout is paused.",
    dangerous: false,
  },
  resume: {
    name: "Resume",
    question: "Resume this rollout?",
    confirm: "Resume",
    done: "The rollout goes on.",
    dangerous: false,
  },
  approve: {
    name: "Approve",
    question: "Let the next wave open?",
    confirm: "Approve the next wave",
    done: "The next wave is approved.",
    dangerous: false,
  },
  retry: {
    name: "Retry failed",
    question: "Try the failed agents again?",
    confirm: "Retry",
    done: "The failed agents are tried again.",
    dangerous: false,
  },
  cancel: {
    name: "Cancel",
    question: "Cancel this rollout?",
    confirm: "Cancel the rollout",
    done: "The rollout is canceled.",
    dangerous: true,
  },
  roll_back: {
    name: "Roll back",
    question: "Return the updated agents to their version before?",
    confirm: "Roll back",
    done: "The updated agents return to their version before.",
    dangerous: true,
  },
} as const satisfies Record<RolloutVerb, VerbWords>;
