import type { Version } from "@muster/core";
import type { Profile } from "./profile.ts";

/** How an agent is made. Times are milliseconds. */
export interface Nature {
  readonly profile: Profile;
  /** Faults show only in updates to this version; null: in every update. */
  readonly faultsIn: Version | null;
  /** From the arrival of an assignment until it is looked at. */
  readonly hesitateMs: number;
  /** Verifying and staging take so long each. */
  readonly stageMs: number;
  /** From the end of the old process to the start of the new one. */
  readonly restartMs: number;
}

/** The profile that holds for an update to a version. */
export function profileFor({ profile, faultsIn }: Nature, toVersion: Version): Profile {
  return faultsIn === null || faultsIn === toVersion ? profile : { kind: "healthy" };
}
