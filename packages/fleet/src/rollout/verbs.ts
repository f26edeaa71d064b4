import {
  approveWave,
  countTargets,
  forgiveSlices,
  nextAttempt,
  requireVerb,
  retryableTargets,
  type RolloutVerb,
  waveToApprove,
} from "@muster/core";
import { moveRollout, type RolloutDraft, setWave } from "./controller/draft.ts";

export interface VerbPorts {
  readonly newId: () => string;
  readonly listeningSince: number;
  /** Who uses it. */
  readonly by: string;
}

/** Brings an operator's verb into a draft. Throws `ROLLOUT_TRANSITION_INVALID`, which says why. */
export function applyVerb(
  draft: RolloutDraft,
  verb: RolloutVerb,
  { newId, listeningSince, by }: VerbPorts,
): void {
  const { now, before } = draft;
  requireVerb(before.rollout, countTargets({ ...before, now, listeningSince }).total, verb);
  switch (verb) {
    case "pause":
      return moveRollout(draft, { kind: "pause", cause: "operator" });
    case "resume":
      if (draft.rollout.state.kind === "paused") moveRollout(draft, { kind: "resume" });
      draft.rollout = forgiveSlices(draft.rollout, now);
      return;
    case "cancel":
      return moveRollout(draft, { kind: "cancel" });
    case "roll_back":
      return moveRollout(draft, { kind: "begin_return" });
    case "approve": {
      const index = waveToApprove(before.rollout);
      const wave = index === null ? undefined : before.rollout.waves[index];
      if (wave) setWave(draft, wave.index, approveWave(wave, before.rollout.spec, by));
      return;
    }
    case "retry":
      for (const target of retryableTargets(before.targets)) {
        draft.added.push(nextAttempt(target, newId(), now));
      }
  }
}
