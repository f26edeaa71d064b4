import { countTouched } from "../attempts.ts";
import type { FailurePolicy } from "../rollout.ts";
import type { Draft, WaveDraft } from "./draft.ts";

/** Whether so many of a wave's targets stop the rollout. */
export function isThresholdReached(
  threshold: FailurePolicy["threshold"],
  wave: { readonly counted: number; readonly size: number },
): boolean {
  if (wave.counted === 0) return false;
  return "count" in threshold
    ? wave.counted >= threshold.count
    : wave.counted * 100 >= threshold.percent * wave.size;
}

/** Stops the rollout when a wave has reached its threshold. Runs before anything is opened or dispatched. */
export function haltAtThreshold(draft: Draft): void {
  const { threshold } = draft.input.rollout.spec.failurePolicy;
  const reached = draft.waves.filter((wave) => canFail(wave) && isThresholdReached(threshold, wave));
  if (reached.length > 0 && draft.state.kind === "running") halt(draft);
  // The rollout stops first: a failed wave in a running rollout means that an operator has resumed it.
  const halted =
    draft.state.kind === "rolling_back" ||
    (draft.state.kind === "paused" && draft.state.cause === "failure_threshold");
  if (!halted) return;
  for (const wave of reached) {
    wave.state = { kind: "failed" };
    draft.decisions.push({ kind: "fail_wave", wave: wave.index });
  }
}

function halt(draft: Draft): void {
  const touched = countTouched(draft.input.targets);
  if (draft.input.rollout.spec.failurePolicy.action === "roll_back") {
    draft.state = { kind: "rolling_back" };
    draft.decisions.push({ kind: "begin_return", touched });
  } else {
    draft.state = { kind: "paused", cause: "failure_threshold" };
    draft.decisions.push({ kind: "pause", cause: "failure_threshold", touched });
  }
}

function canFail({ state }: WaveDraft): boolean {
  return state.kind === "open" || state.kind === "settling" || state.kind === "passed";
}
