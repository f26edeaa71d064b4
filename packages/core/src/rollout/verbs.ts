import { MusterError } from "../errors.ts";
import type { Counts } from "./counts.ts";
import type { Rollout, RolloutSpec, RolloutState, Wave } from "./rollout.ts";
import { isRolloutEnded } from "./rollout-machine.ts";

export const ROLLOUT_VERBS = ["pause", "resume", "approve", "cancel", "retry", "roll_back"] as const;
export type RolloutVerb = (typeof ROLLOUT_VERBS)[number];

/** Whether a verb can be used now, and in words what it does to the agents, or why it cannot be used. */
export interface VerbState {
  readonly verb: RolloutVerb;
  readonly allowed: boolean;
  readonly why: string;
}

/** Every verb as it stands for a rollout with these counts (of the whole rollout). */
export function rolloutVerbs(rollout: Rollout, counts: Counts): readonly VerbState[] {
  return ROLLOUT_VERBS.map((verb) => {
    const { state } = rollout;
    if (isRolloutEnded(state) && verb !== "roll_back")
      return no(verb, `The rollout has ended: it is ${words(state)}.${afterwards(verb, state, counts)}`);
    if (state.kind === "rolling_back") {
      return no(
        verb,
        "The updated agents are returning to their version before; this goes on until all are. Revoke one that will not come back.",
      );
    }
    return DESCRIBE[verb](rollout, counts);
  });
}

/** Throws `ROLLOUT_TRANSITION_INVALID`, which says why, for a verb that cannot be used now. */
export function requireVerb(rollout: Rollout, counts: Counts, verb: RolloutVerb): void {
  const found = rolloutVerbs(rollout, counts).find((state) => state.verb === verb);
  if (found?.allowed) return;
  throw new MusterError("ROLLOUT_TRANSITION_INVALID", {
    state: rollout.state.kind,
    verb,
    problem: found?.why ?? "",
  });
}

/** The index of the wave that waits for an approval; null if none does. */
export function waveToApprove(rollout: Rollout): number | null {
  if (rollout.state.kind !== "paused" || rollout.state.cause !== "approval_required") return null;
  const next = rollout.waves.find((wave) => wave.state.kind === "waiting");
  return next && !next.approved ? next.index : null;
}

/** The rollout after an operator has resumed it at `now`: what rolled back until then holds no slice any more. */
export function forgiveSlices(rollout: Rollout, now: number): Rollout {
  return { ...rollout, quarantine: { slices: [], forgivenBefore: now + 1 } };
}

/** A wave after somebody has approved it. Throws `ROLLOUT_APPROVAL_REPEATED` for one who has before. */
export function approveWave(wave: Wave, { strategy }: RolloutSpec, by: string): Wave {
  if (wave.approvedBy.includes(by)) {
    throw new MusterError("ROLLOUT_APPROVAL_REPEATED", { wave: wave.index + 1, approvedBy: wave.approvedBy });
  }
  const approvedBy = [...wave.approvedBy, by];
  const needed = strategy.kind === "waves" && strategy.approval === "two_people" ? 2 : 1;
  return { ...wave, approvedBy, approved: approvedBy.length >= needed };
}

const YANKED = "The release was yanked: cancel this rollout and roll out another version.";

const DESCRIBE: Readonly<Record<RolloutVerb, (rollout: Rollout, counts: Counts) => VerbState>> = {
  pause: ({ state }, counts) => {
    if (state.kind === "paused") return no("pause", "The rollout is paused already.");
    if (state.kind === "scheduled") return yes("pause", "It does not start before it is resumed.");
    return yes("pause", `No further agent gets the update. ${underWay(counts)}`);
  },

  resume: ({ state, quarantine }, counts) => {
    if (state.kind === "running" && quarantine.slices.length > 0) {
      const held = quarantine.slices.join(", ");
      return yes(
        "resume",
        `Agents of ${held} are held back, since others there rolled back: they get the update.`,
      );
    }
    if (state.kind !== "paused") return no("resume", "The rollout is not paused.");
    if (state.cause === "approval_required") {
      return no("resume", "It waits for an approval of the next wave: approve that.");
    }
    if (state.cause === "release_yanked") {
      return no("resume", YANKED);
    }
    const goesOn = `${agents(counts.pending)} still to be updated: it goes on with them.`;
    if (state.cause !== "failure_threshold") return yes("resume", goesOn);
    return yes("resume", `${goesOn} What failed until now no longer counts toward the threshold.`);
  },

  approve: (rollout) => {
    const wave = waveToApprove(rollout);
    if (wave === null) return no("approve", "No wave waits for an approval.");
    const opens = `Wave ${wave + 1} of ${rollout.waves.length} opens, and its agents are updated.`;
    const [first] = rollout.waves[wave]?.approvedBy ?? [];
    const { strategy } = rollout.spec;
    if (strategy.kind !== "waves" || strategy.approval !== "two_people") return yes("approve", opens);
    return first === undefined
      ? yes("approve", "Two people must approve; this is the first approval.")
      : yes("approve", `${first} has approved. With another person's approval: ${opens}`);
  },

  cancel: (_rollout, counts) =>
    yes(
      "cancel",
      `${agents(counts.pending)} still to be updated: they stay as they are. ${underWay(counts)} Updated agents keep the new version.`,
    ),

  roll_back: ({ state }, { healthy }) => {
    if (state.kind === "rolled_back") return no("roll_back", "The updated agents have returned already.");
    if (state.kind === "scheduled") return no("roll_back", "No agent has been updated.");
    if (healthy === 0) return no("roll_back", "No agent runs the new version.");
    const ends = isRolloutEnded(state)
      ? ""
      : " What is still to be updated stays as it is, and the rollout ends.";
    return yes("roll_back", `${agents(healthy)} updated: each returns to its version before.${ends}`);
  },

  retry: ({ state }, counts) => {
    const failed = counts.failed + counts.rolledBack;
    if (failed === 0) return no("retry", "No agent has failed or rolled back.");
    if (state.kind === "paused" && state.cause === "release_yanked") return no("retry", YANKED);
    const when = state.kind === "paused" ? "when the rollout is resumed" : "with the next free slot";
    return yes("retry", `${agents(failed)} failed or rolled back: each gets another attempt, ${when}.`);
  },
};

/** The way on for agents that an ended rollout has left behind. */
function afterwards(verb: RolloutVerb, state: RolloutState, { failed }: Counts): string {
  if (verb !== "retry" || state.kind === "rolled_back" || failed === 0) return "";
  return ` ${agents(failed)} failed: another rollout of this version takes them, and leaves out those that have it.`;
}

function underWay({ inProgress }: Counts): string {
  return inProgress === 0 ? "No agent is under way." : `${agents(inProgress)} under way: their updates end.`;
}

function agents(count: number): string {
  return count === 1 ? "1 agent" : `${count} agents`;
}

function words(state: RolloutState): string {
  return state.kind.replaceAll("_", " ");
}

function yes(verb: RolloutVerb, why: string): VerbState {
  return { verb, allowed: true, why };
}

function no(verb: RolloutVerb, why: string): VerbState {
  return { verb, allowed: false, why };
}
