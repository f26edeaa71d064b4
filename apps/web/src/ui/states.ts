import type { RolloutView, TargetView, WaveView } from "@muster/protocol/http";
import type { IconName } from "./icon.tsx";

/** What a state means for whoever looks at it; each has one colour in each scheme. */
export type Tone = "neutral" | "progress" | "good" | "bad" | "returned" | "warn";

/** A state as it is shown: always picture, word and colour together. */
export interface StateLook {
  readonly word: string;
  readonly icon: IconName;
  readonly tone: Tone;
}

export const TARGET_LOOK = {
  pending: { word: "Pending", icon: "pending", tone: "neutral" },
  dispatched: { word: "Dispatched", icon: "dispatched", tone: "progress" },
  downloading: { word: "Downloading", icon: "downloading", tone: "progress" },
  verifying: { word: "Verifying", icon: "verifying", tone: "progress" },
  staging: { word: "Staging", icon: "staging", tone: "progress" },
  restarting: { word: "Restarting", icon: "restarting", tone: "progress" },
  healthy: { word: "Healthy", icon: "healthy", tone: "good" },
  failed: { word: "Failed", icon: "failed", tone: "bad" },
  rolled_back: { word: "Rolled back", icon: "rolled_back", tone: "returned" },
  canceled: { word: "Canceled", icon: "canceled", tone: "neutral" },
  superseded: { word: "Superseded", icon: "superseded", tone: "neutral" },
} as const satisfies Record<TargetView["state"], StateLook>;

export const SILENT_LOOK: StateLook = { word: "Silent", icon: "silent", tone: "warn" };

export const ROLLOUT_LOOK = {
  scheduled: { word: "Scheduled", icon: "scheduled", tone: "neutral" },
  running: { word: "Running", icon: "running", tone: "progress" },
  paused: { word: "Paused", icon: "paused", tone: "warn" },
  completed: { word: "Completed", icon: "healthy", tone: "good" },
  canceled: { word: "Canceled", icon: "canceled", tone: "neutral" },
  failed: { word: "Failed", icon: "failed", tone: "bad" },
  rolling_back: { word: "Rolling back", icon: "rolled_back", tone: "returned" },
  rolled_back: { word: "Rolled back", icon: "rolled_back", tone: "returned" },
} as const satisfies Record<RolloutView["state"], StateLook>;

export const WAVE_LOOK = {
  waiting: { word: "Waiting", icon: "pending", tone: "neutral" },
  open: { word: "Open", icon: "open", tone: "progress" },
  settling: { word: "Settling", icon: "settling", tone: "progress" },
  passed: { word: "Passed", icon: "healthy", tone: "good" },
  failed: { word: "Failed", icon: "failed", tone: "bad" },
} as const satisfies Record<WaveView["state"], StateLook>;

/** A wave that the end of its rollout came before waits for nothing any more. */
export const NEVER_OPENED_LOOK: StateLook = { word: "Never opened", icon: "canceled", tone: "neutral" };

export const ONLINE_LOOK: StateLook = { word: "Online", icon: "online", tone: "good" };
export const OFFLINE_LOOK: StateLook = { word: "Offline", icon: "offline", tone: "neutral" };

/** The look of a target's state that comes as a plain word; one unknown to this page is shown as it is. */
export function targetLook(state: string): StateLook {
  return isTargetState(state) ? TARGET_LOOK[state] : { word: state, icon: "unknown", tone: "neutral" };
}

function isTargetState(state: string): state is TargetView["state"] {
  return Object.hasOwn(TARGET_LOOK, state);
}
