import type { ErrorCode, Outcome, TransitionTable, Version } from "@muster/core";

/** An update that the agent has verified and taken. */
export interface Job {
  readonly targetId: string;
  readonly sequence: number;
  readonly product: string;
  readonly fromVersion: Version;
  readonly toVersion: Version;
  readonly downloadPath: string;
  /** Of the archive; lower-case hexadecimal. */
  readonly sha256: string;
  readonly sizeBytes: number;
  /** How long the new version must stay connected, in milliseconds. */
  readonly stabilizationMs: number;
}

/** What a simulated agent does. The words are those of the target's stages where they are the same. */
export type Activity =
  | { readonly kind: "idle" }
  | { readonly kind: "downloading"; readonly job: Job; readonly failures: number }
  | { readonly kind: "verifying"; readonly job: Job }
  | { readonly kind: "staging"; readonly job: Job }
  /** The process is down. */
  | { readonly kind: "restarting"; readonly job: Job; readonly since: number }
  /** The new version runs and has to stay connected; `downtimeMs` is null until it is. */
  | {
      readonly kind: "probation";
      readonly job: Job;
      readonly since: number;
      readonly downtimeMs: number | null;
    }
  /** The old version comes back. */
  | { readonly kind: "returning"; readonly job: Job; readonly since: number };

export const ACTIVITY_TRANSITIONS = {
  idle: ["downloading"],
  downloading: ["verifying", "idle"],
  verifying: ["staging", "idle"],
  staging: ["restarting", "idle"],
  restarting: ["probation", "returning"],
  probation: ["idle"],
  returning: ["idle"],
} as const satisfies TransitionTable<Activity["kind"]>;

/** The agent's connection, as far as it wants one. */
export type Link =
  | { readonly kind: "connecting"; readonly failures: number }
  | { readonly kind: "up" }
  /** Down on purpose: before the start, during a restart, or out for a while. */
  | { readonly kind: "away" }
  /** Never comes back. */
  | { readonly kind: "gone" };

export interface AgentState {
  readonly version: Version;
  /** Of the last assignment taken. */
  readonly lastSequence: number;
  readonly link: Link;
  readonly activity: Activity;
  /** Sent at every connection until they are acknowledged. */
  readonly outcomes: readonly Outcome[];
}

/** Why an assignment that is genuine is not followed. */
export interface Refusal {
  readonly targetId: string;
  readonly sequence: number;
  readonly product: string;
  readonly toVersion: Version;
  readonly code: ErrorCode;
  readonly message: string;
}

export function newAgent(version: Version): AgentState {
  return { version, lastSequence: 0, link: { kind: "away" }, activity: { kind: "idle" }, outcomes: [] };
}
