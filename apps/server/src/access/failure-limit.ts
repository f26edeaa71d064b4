import type { Clock } from "@muster/fleet";

const BURST = 10;
const REFILL_MS = 6000;
/** Addresses that are remembered; the one that failed longest ago is forgotten first. */
const ADDRESSES_MAX = 10_000;

/**
 * Counts wrong credentials by the address they come from. It never stands in the way of right ones, so nobody can be
 * locked out by somebody else's failures.
 */
export interface FailureLimit {
  /** Notes a failure. Null: answer it; otherwise refuse to, for so many milliseconds. */
  fail(address: string): number | null;
}

/** Ten failures at once, and then one every six seconds. */
export function createFailureLimit(clock: Clock): FailureLimit {
  // When an address will have none of its failures left to count.
  const clearAt = new Map<string, number>();
  return {
    fail: (address) => {
      const now = clock.now();
      const counted = Math.max(clearAt.get(address) ?? now, now);
      const over = counted + REFILL_MS - now - BURST * REFILL_MS;
      clearAt.delete(address);
      clearAt.set(address, over > 0 ? counted : counted + REFILL_MS);
      const [oldest] = clearAt.keys();
      if (clearAt.size > ADDRESSES_MAX && oldest !== undefined) clearAt.delete(oldest);
      return over > 0 ? over : null;
    },
  };
}
