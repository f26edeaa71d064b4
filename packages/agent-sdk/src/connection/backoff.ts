import type { ProbationLimits } from "@muster/core";
import type { Random } from "../ports.ts";

const FIRST_MS = 250;
/** The longest wait between two attempts, in milliseconds. */
export const LONGEST_WAIT_MS = 60_000;
/** Attempts that a version on probation has, at the least, within the time it has to connect. */
const ATTEMPTS_WITHIN_DEADLINE = 12;

/** How attempts are spread. */
export interface Backoff {
  readonly random: Random;
  /** No wait is longer, in milliseconds; a minute if left out. */
  readonly longestMs?: number;
}

/**
 * How long to wait before an attempt, in milliseconds: doubling from a quarter of a second to the longest, half of it by
 * chance, so that a fleet that lost its gateway at one moment does not return at one moment.
 */
export function backoffMs(attempt: number, { random, longestMs = LONGEST_WAIT_MS }: Backoff): number {
  const whole = Math.min(longestMs, FIRST_MS * 2 ** Math.min(attempt, 20));
  return Math.round(whole / 2 + (whole / 2) * random());
}

/**
 * The longest wait of a version on probation, in milliseconds. Its deadline runs from when the gateway accepts agents
 * again: one that sleeps through it would be taken back for nothing.
 */
export function probationWaitMs({ deadlineMs }: ProbationLimits): number {
  return Math.min(LONGEST_WAIT_MS, Math.max(FIRST_MS, Math.floor(deadlineMs / ATTEMPTS_WITHIN_DEADLINE)));
}
