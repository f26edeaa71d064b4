/** What is left of a budget that refills with time. */
export interface Budget {
  readonly tokens: number;
  /** When it was last looked at, in milliseconds. */
  readonly at: number;
}

export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

/** The budget after one use, or null if it is used up. A clock that goes backwards refills nothing. */
export function spend(budget: Budget, now: number, { perSecond, burst }: Rate): Budget | null {
  const refilled = (Math.max(0, now - budget.at) * perSecond) / 1000;
  const tokens = Math.min(burst, budget.tokens + refilled);
  return tokens < 1 ? null : { tokens: tokens - 1, at: now };
}
