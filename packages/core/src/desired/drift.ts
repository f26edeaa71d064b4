import { EXCLUSION_TEXT, exclusionOf, type ExclusionReason } from "../rollout/preview.ts";
import type { DriftingAgent } from "./desired-state.ts";
import type { DesiredSurvey } from "./survey-desired.ts";

/** Why an agent does not run what its group is to run: one word, the most telling one that applies. */
export const DRIFT_TEXT = {
  no_artifact: EXCLUSION_TEXT.no_artifact,
  no_update_capability: EXCLUSION_TEXT.no_update_capability,
  updates_disabled: EXCLUSION_TEXT.updates_disabled,
  channel_not_allowed: EXCLUSION_TEXT.channel_not_allowed,
  below_minimum_version: EXCLUSION_TEXT.below_minimum_version,
  maintenance: EXCLUSION_TEXT.maintenance,
  downgrade: "it runs a newer version, and the group does not allow downgrades",
  in_rollout: "a rollout has it",
  failed_before: "this version failed on it, and nobody has said to try again",
  taken_back: "it was taken back from this version, and nobody has said to try again",
  held: "the group waits for an operator",
  offline: "it is not connected",
  waiting: "it follows with the next rollout",
} as const;
export type DriftReason = keyof typeof DRIFT_TEXT;

/** Why a drifting agent is not where it should be. `survey`: of the desired state that it follows, with a release. */
export function driftReason(
  agent: DriftingAgent,
  { state, release, phase }: DesiredSurvey,
  busy: (agentId: string) => boolean,
): DriftReason {
  if (release === null) return "held";
  const hasArtifact = release.artifacts.some(({ os, arch }) => os === agent.os && arch === agent.arch);
  const { product, track } = state;
  const allowDowngrade = track.kind === "version" && track.allowDowngrade;
  const spec = { product, allowDowngrade, priority: "normal" as const };
  const exclusion = exclusionOf(agent, { spec, release, busy, hasArtifact });
  // What else keeps a release from an agent is that it failed there, or on its like.
  if (exclusion !== null) return OF_EXCLUSION[exclusion] ?? "failed_before";
  if (agent.past !== "none") return agent.past === "failed" ? "failed_before" : "taken_back";
  if (phase.kind === "held") return "held";
  return agent.online ? "waiting" : "offline";
}

/** An agent that is none of the group's concern, or there already, does not drift. */
const OF_EXCLUSION: Readonly<Partial<Record<ExclusionReason, DriftReason>>> = {
  no_artifact: "no_artifact",
  no_update_capability: "no_update_capability",
  updates_disabled: "updates_disabled",
  channel_not_allowed: "channel_not_allowed",
  below_minimum_version: "below_minimum_version",
  maintenance: "maintenance",
  downgrade: "downgrade",
  other_rollout: "in_rollout",
};
