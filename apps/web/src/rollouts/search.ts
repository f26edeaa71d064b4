import type { RolloutView } from "@muster/protocol/http";
import type { TargetGroup } from "../api/api.ts";

const ROLLOUT_STATES: readonly RolloutView["state"][] = [
  "scheduled",
  "running",
  "paused",
  "completed",
  "canceled",
  "failed",
  "rolling_back",
  "rolled_back",
];

const TARGET_GROUPS: readonly TargetGroup[] = [
  "pending",
  "in_progress",
  "healthy",
  "failed",
  "rolled_back",
  "silent",
  "canceled",
];

export interface RolloutListSearch {
  readonly state?: RolloutView["state"] | undefined;
}

/** What does not belong there is undefined, not absent: the router lays this over the raw search. */
export function readRolloutListSearch(search: Record<string, unknown>): RolloutListSearch {
  return { state: ROLLOUT_STATES.find((name) => name === search["state"]) };
}

/** Which targets a rollout's page shows. Waves are counted from 1 in the address, as on the page. */
export interface RolloutSearch {
  readonly wave?: number | undefined;
  readonly show?: TargetGroup | undefined;
}

/** Like `readRolloutListSearch`. */
export function readRolloutSearch(search: Record<string, unknown>): RolloutSearch {
  const wave = Number(search["wave"]);
  return {
    wave: Number.isInteger(wave) && wave >= 1 ? wave : undefined,
    show: TARGET_GROUPS.find((name) => name === search["show"]),
  };
}
