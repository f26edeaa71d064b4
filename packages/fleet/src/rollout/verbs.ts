import {
  countTargets,
  nextAttempt,
  requireVerb,
  retryableTargets,
  type RolloutVerb,
  waveToApprove,
} from "@muster/core";
import { moveRollout, type RolloutDraft, setWave } from "./controller/draft.ts";

/** Brings an operator's verb into a draft. Throws `ROLLOUT_TRANSITION_INVALID`, which says why. */
export function applyVerb(
  draft: RolloutDraft,
  verb: RolloutVerb,
  { newId, listeningSince }: { readonly newId: () => string; readonly listeningSince: number },
): void {
  const { now, before } = draft;
  requireVerb(before.rollout, countTargets({ ...before, now, listeningSince }).total, verb);
  switch (verb) {
    case "pause":
      return moveRollout(draft, { kind: "pause", cause: "operator" });
    case "resume":
      return moveRollout(draft, { kind: "resume" });
    case "cancel":
      return moveRollout(draft, { kind: "cancel" });
    case "approve": {
      const wave = waveToApprove(before.rollout);
      if (wave !== null) setWave(draft, wave, { approved: true });
      return;
    }
    case "retry":
      for (const target of retryableTargets(before.targets)) {
        draft.added.push(nextAttempt(target, newId(), now));
      }
  }
}
