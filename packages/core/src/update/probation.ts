import type { ErrorCode } from "../errors.ts";
import { HEALTH_STALE_MS, type HealthReport } from "./health.ts";
import type { HostTime, Probation, UpdateAttempt } from "./host.ts";

/**
 * What the gateway answers to anyone who asks: `accepting` (200), `not_accepting` (503), `unreachable` (no answer, or
 * one that the agents' CA does not vouch for), `unknown` (not asked, or the host has nothing to ask with).
 */
export type GatewayState = "accepting" | "not_accepting" | "unreachable" | "unknown";

/** The payload's process, as far as the caller can tell. */
export type PayloadProcess =
  | { readonly kind: "running" /** Monotonic milliseconds of its start. */; readonly sinceMs: number }
  | { readonly kind: "stopped" }
  | { readonly kind: "unknown" };

/** What a look at the new version sees. */
export interface Sighting {
  readonly health: HealthReport | null;
  readonly gateway: GatewayState;
  readonly payload: PayloadProcess;
}

export type Verdict =
  | { readonly kind: "pending" }
  | { readonly kind: "stable" }
  | { readonly kind: "failed"; readonly cause: { readonly code: ErrorCode; readonly message: string } };

/** At most this much is counted for one look; in a longer gap nobody was looking, and the gateway's state is not known. */
export const LOOK_GAP_MAX_MS = 5000;

/** Two processes may round the same clock differently. */
const CLOCK_ROUNDING_MS = 100;

/** The probation of a version that was switched to just now and has not been started. */
export function newProbation(now: HostTime): Probation {
  return {
    bootId: now.bootId,
    lastSeenMs: now.monotonicMs,
    spentMs: 0,
    boots: 0,
    healthySinceMs: null,
    switched: now,
  };
}

/** The probation once the version is started again; what a process before it proved does not count for the new one. */
export function startOnce(probation: Probation, now: HostTime): Probation {
  const sameBoot = probation.bootId === now.bootId;
  return {
    ...probation,
    bootId: now.bootId,
    lastSeenMs: sameBoot ? probation.lastSeenMs : now.monotonicMs,
    boots: probation.boots + 1,
    healthySinceMs: null,
  };
}

/**
 * Looks at the running version: the probation as it stands now, and what follows from it. The deadline is for becoming
 * healthy: a version that is healthy when it passes may still prove that it is steady.
 */
export function look(
  attempt: UpdateAttempt,
  probation: Probation,
  sighting: Sighting,
  now: HostTime,
): { readonly probation: Probation; readonly verdict: Verdict } {
  const report = believable(attempt, sighting, now);
  const sameBoot = probation.bootId === now.bootId;
  const gapMs = sameBoot ? Math.max(0, now.monotonicMs - probation.lastSeenMs) : 0;
  const healthy = report !== null && isHealthy(report);
  const unbroken = sameBoot && gapMs <= HEALTH_STALE_MS ? probation.healthySinceMs : null;
  const next: Probation = {
    ...probation,
    bootId: now.bootId,
    lastSeenMs: Math.max(now.monotonicMs, sameBoot ? probation.lastSeenMs : 0),
    spentMs: probation.spentMs + (counts(sighting, report) ? Math.min(gapMs, LOOK_GAP_MAX_MS) : 0),
    healthySinceMs: healthy ? (unbroken ?? report.writtenAtMs) : null,
  };
  return { probation: next, verdict: judge(attempt, next, report) };
}

function judge(attempt: UpdateAttempt, probation: Probation, report: HealthReport | null): Verdict {
  const { limits } = attempt;
  if (report !== null && report.connectedSinceMs !== null && probation.healthySinceMs !== null) {
    const steadySinceMs = Math.max(probation.healthySinceMs, report.connectedSinceMs);
    // The version must say so itself at the end of that time: a process that froze after one good report has not.
    if (report.writtenAtMs - steadySinceMs >= limits.stabilizationMs) return { kind: "stable" };
    // One that is healthy at every look and yet never steady loses its connection again and again.
    const patienceMs = limits.deadlineMs + limits.stabilizationMs + HEALTH_STALE_MS;
    if (probation.spentMs < patienceMs) return { kind: "pending" };
    return {
      kind: "failed",
      cause: {
        code: "PROBATION_DEADLINE",
        message: `it was healthy, but not for ${limits.stabilizationMs} ms without a break`,
      },
    };
  }
  if (probation.spentMs < limits.deadlineMs) return { kind: "pending" };
  return { kind: "failed", cause: lateness(limits.deadlineMs, report) };
}

function lateness(deadlineMs: number, report: HealthReport | null): { code: ErrorCode; message: string } {
  const time = `within ${deadlineMs} ms`;
  if (report === null)
    return { code: "PROBATION_DEADLINE", message: `it reported nothing believable ${time}` };
  if (report.connectedSinceMs === null) {
    return { code: "PROBATION_DEADLINE", message: `it was not connected to the gateway ${time}` };
  }
  const failing = report.checks.filter(({ ok }) => !ok).map(({ name, message }) => `${name}: ${message}`);
  return {
    code: "PROBATION_UNHEALTHY",
    message: `its own checks fail: ${failing.join("; ")}`.slice(0, 2000),
  };
}

/** The report if it is of this version, this boot and this process, and fresh. */
function believable(
  attempt: UpdateAttempt,
  { health, payload }: Sighting,
  now: HostTime,
): HealthReport | null {
  if (health === null || health.version !== attempt.toVersion || health.bootId !== now.bootId) return null;
  const ageMs = now.monotonicMs - health.writtenAtMs;
  if (ageMs < -CLOCK_ROUNDING_MS || ageMs > HEALTH_STALE_MS) return null;
  if (payload.kind === "stopped") return null;
  return payload.kind === "running" && health.writtenAtMs < payload.sinceMs ? null : health;
}

function isHealthy({ connectedSinceMs, checks }: HealthReport): boolean {
  return connectedSinceMs !== null && checks.every(({ ok }) => ok);
}

/** While the gateway takes nobody, no version could connect, so the time is not this one's; unless it is connected. */
function counts({ gateway }: Sighting, report: HealthReport | null): boolean {
  return gateway === "accepting" || gateway === "unknown" || (report?.connectedSinceMs ?? null) !== null;
}
