import type { Random } from "../ports.ts";

const FIRST_MS = 250;
const LONGEST_MS = 60_000;

/**
 * How long to wait before an attempt, in milliseconds: doubling from a quarter of a second to a minute, half of it by
 * chance, so that a fleet that lost its gateway at one moment does not return at one moment.
 */
export function backoffMs(attempt: number, random: Random): number {
  const whole = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt, 20));
  return Math.round(whole / 2 + (whole / 2) * random());
}
