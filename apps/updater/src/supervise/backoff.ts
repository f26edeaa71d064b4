/** How long a payload must run so that its end is no sign of trouble. */
export const CALM_AFTER_MS = 10_000;
const FIRST_DELAY_MS = 200;
const LONGEST_DELAY_MS = 30_000;
/** Share of a delay that is left to chance, so that a fleet does not start in step. */
const JITTER = 0.25;

/**
 * How long to wait before a payload is started again, in milliseconds. `quickEnds` counts the ends in a row that came soon
 * after their starts, this one included; `chance` is between 0 and 1. The first restart is at once.
 */
export function restartDelayMs(quickEnds: number, chance: number): number {
  if (quickEnds <= 1) return 0;
  const delayMs = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** (quickEnds - 2));
  return Math.round(delayMs * (1 - JITTER + 2 * JITTER * chance));
}
