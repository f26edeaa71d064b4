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
  readonly state?: RolloutView["state"];
}

export function readRolloutListSearch(search: Record<string, unknown>): RolloutListSearch {
  const state = ROLLOUT_STATES.find((name) => name === search["state"]);
  return state === undefined ? {} : { state };
}

/** Which targets a rollout's page shows. Waves are counted from 1 in the address, as on the page. */
export interface RolloutSearch {
  readonly wave?: number;
  readonly show?: TargetGroup;
}

export function readRolloutSearch(search: Record<string, unknown>): RolloutSearch {
  const wave = Number(search["wave"]);
  const show = TARGET_GROUPS.find((name) => name === search["show"]);
  return {
    ...(Number.isInteger(wave) && wave >= 1 ? { wave } : {}),
    ...(show === undefined ? {} : { show }),
  };
}
