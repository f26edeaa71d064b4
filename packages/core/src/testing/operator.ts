import { nextAttempt, retryableTargets } from "../rollout/attempts.ts";
import { countTargets } from "../rollout/counts.ts";
import { changeRollout, type RolloutEvent } from "../rollout/rollout-machine.ts";
import {
  approveWave,
  forgiveSlices,
  requireVerb,
  waveToApprove,
  type RolloutVerb,
} from "../rollout/verbs.ts";
import type { RolloutRecord } from "./apply-decisions.ts";

/** What an operator's verb does to a rollout's record. Throws `ROLLOUT_TRANSITION_INVALID` if it is not allowed. */
export function operate(record: RolloutRecord, verb: RolloutVerb, now: number): RolloutRecord {
  const { total } = countTargets({ ...record, now, listeningSince: 0 });
  requireVerb(record.rollout, total, verb);
  switch (verb) {
    case "pause":
      return move(record, { kind: "pause", cause: "operator" }, now);
    case "resume":
      return resume(record, now);
    case "cancel":
      return move(record, { kind: "cancel" }, now);
    case "roll_back":
      return move(record, { kind: "begin_return" }, now);
    case "approve":
      return approve(record);
    case "retry":
      return retry(record, now);
  }
}

function move(record: RolloutRecord, event: RolloutEvent, now: number): RolloutRecord {
  return { ...record, rollout: changeRollout(record.rollout, event, now) };
}

function resume(record: RolloutRecord, now: number): RolloutRecord {
  const { rollout, targets } =
    record.rollout.state.kind === "paused" ? move(record, { kind: "resume" }, now) : record;
  return { rollout: forgiveSlices(rollout, now), targets };
}

function approve({ rollout, targets }: RolloutRecord): RolloutRecord {
  const index = waveToApprove(rollout);
  const waves = rollout.waves.map((wave) =>
    wave.index === index ? approveWave(wave, rollout.spec, `person ${wave.approvedBy.length + 1}`) : wave,
  );
  return { rollout: { ...rollout, waves }, targets };
}

function retry({ rollout, targets }: RolloutRecord, now: number): RolloutRecord {
  const again = retryableTargets(targets).map((target) =>
    nextAttempt(target, `t-${target.agentId}-${target.attempt + 1}`, now),
  );
  return { rollout, targets: [...targets, ...again] };
}
