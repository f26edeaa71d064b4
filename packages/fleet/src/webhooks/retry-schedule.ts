const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** Pauses after each failed attempt; about a day in all, as Standard Webhooks recommends. */
const PAUSES_MS = [
  5000,
  30_000,
  2 * MINUTE_MS,
  10 * MINUTE_MS,
  30 * MINUTE_MS,
  HOUR_MS,
  2 * HOUR_MS,
  4 * HOUR_MS,
  8 * HOUR_MS,
  8 * HOUR_MS,
] as const;
/** So that deliveries that failed together do not come back together. */
const JITTER = 0.2;

/** Attempts of a delivery before it is given up. */
export const ATTEMPTS_MAX = PAUSES_MS.length + 1;

/**
 * How long to wait after so many failed attempts, in milliseconds, give or take a fifth; null: not any more. `chance` is
 * between 0 and 1.
 */
export function retryAfterMs(attempts: number, chance: number): number | null {
  const pauseMs = PAUSES_MS[attempts - 1];
  return pauseMs === undefined ? null : Math.round(pauseMs * (1 - JITTER + 2 * JITTER * chance));
}
