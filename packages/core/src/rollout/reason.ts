/**
 * Why a target, a wave or a rollout is not moving: one machine-readable word, shown in words by every surface.
 * The map is the only list of them.
 */
export const REASON_TEXT = {
  earlier_wave: "an earlier wave is not done yet",
  waiting_for_wave: "its wave is not open yet",
  waiting_for_slot: "as many agents as allowed are updating at the moment",
  spread: "as many agents with the same label as allowed are updating at the moment",
  bandwidth: "as many agents as allowed are downloading at the moment",
  waiting_for_batch: "the next batch is not due yet",
  offline: "the agent is not connected",
  other_rollout: "the agent is in another rollout",
  clock_skew: "the host's clock is too far off",
  disk_short: "the host's disk has less free than three times the archive",
  no_artifact: "the release has no artifact for the agent's platform",
  quarantined: "too many agents like it have rolled back",
  updates_disabled: "the host's local policy does not allow it",
  silent: "the agent has stopped reporting",
  in_progress: "agents are updating",
  settling: "the wave settles before the next one opens",
  approval: "the next wave waits for an approval",
  threshold: "too many agents failed, rolled back or went silent",
  operator: "an operator paused it",
  release_yanked: "the release was yanked",
  outside_window: "it is outside its maintenance window",
  frozen: "updates are frozen at this time",
  not_started: "its start time has not come",
  returning: "updated agents return to their version before",
} as const;

export type Reason = keyof typeof REASON_TEXT;
export const REASONS = Object.keys(REASON_TEXT) as readonly Reason[];
