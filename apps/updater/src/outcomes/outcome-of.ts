import type { HostState, HostTime, Outcome, Version } from "@muster/core";
import { asMusterError } from "@muster/core";

type StateOf<K extends HostState["kind"]> = HostState & { readonly kind: K };

/** Who an outcome is about, and what is known of it before anything was done. */
export interface OutcomeSubject {
  readonly targetId: string;
  readonly product: string;
  readonly fromVersion: Version | null;
  readonly toVersion: Version;
}

/** The outcome of an update that ended before anything was switched. */
export function failedOutcome(subject: OutcomeSubject, error: unknown, now: HostTime): Outcome {
  const { code, message, details } = asMusterError(error);
  const output = details["output"];
  return {
    ...subjectOf(subject),
    result: "failed",
    survivingVersion: subject.fromVersion,
    code,
    message,
    outputTail: typeof output === "string" ? output : "",
    endedAt: now.wallMs,
    downtimeMs: null,
  };
}

/** The outcome of a version that has proved itself. */
export function healthyOutcome({ attempt, probation }: StateOf<"committed">, now: HostTime): Outcome {
  const healthyAt: HostTime = {
    bootId: probation.bootId,
    monotonicMs: probation.healthySinceMs ?? now.monotonicMs,
    wallMs: now.wallMs - (now.monotonicMs - (probation.healthySinceMs ?? now.monotonicMs)),
  };
  return {
    ...subjectOf(attempt),
    result: "healthy",
    survivingVersion: attempt.toVersion,
    code: null,
    message: "",
    outputTail: "",
    endedAt: now.wallMs,
    downtimeMs: between(probation.switched, healthyAt),
  };
}

/** What is known of a way back when it has been gone. */
export interface WayTaken {
  readonly survivingVersion: Version | null;
  readonly outputTail: string;
  /** What else went wrong on the way, or empty. */
  readonly note: string;
}

/** The outcome of a version that was taken back, or of a switch that was undone. */
export function rolledBackOutcome(
  { attempt, probation, cause }: StateOf<"rolling_back">,
  { survivingVersion, outputTail, note }: WayTaken,
  now: HostTime,
): Outcome {
  return {
    ...subjectOf(attempt),
    result: probation === null ? "failed" : "rolled_back",
    survivingVersion,
    code: cause.code,
    message: note === "" ? cause.message : `${cause.message}; ${note}`,
    outputTail: probation === null ? "" : outputTail,
    endedAt: now.wallMs,
    downtimeMs: probation === null ? null : between(probation.switched, now),
  };
}

/** Monotonic within a boot; across boots only the wall clock goes on. */
function between(from: HostTime, to: HostTime): number {
  const sameBoot = from.bootId === to.bootId;
  return Math.max(0, Math.round(sameBoot ? to.monotonicMs - from.monotonicMs : to.wallMs - from.wallMs));
}

function subjectOf({ targetId, product, fromVersion, toVersion }: OutcomeSubject) {
  return { schema: 1, targetId, product, fromVersion, toVersion } as const;
}
