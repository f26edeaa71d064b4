import { addressKey, type Clock, createAttemptLimit } from "@muster/fleet";

/** From one address: twenty at once, then one every ten seconds. */
const ADDRESS_RATE = { burst: 20, refillMs: 10_000 };
/** From everywhere together. */
const TOTAL_RATE = { burst: 500, refillMs: 500 };
const ADDRESSES_MAX = 10_000;

/** Keeps refusals from filling the audit log: whoever wants to can be refused as often as he likes. */
export interface RefusalLimit {
  /** Null: leave this one out; otherwise how many were left out since the last that was not. */
  take(address: string): number | null;
}

export function createRefusalLimit(clock: Clock): RefusalLimit {
  const addresses = createAttemptLimit(clock, ADDRESS_RATE, ADDRESSES_MAX);
  const total = createAttemptLimit(clock, TOTAL_RATE, 1);
  let leftOut = 0;
  return {
    take: (address) => {
      if (addresses.take(addressKey(address)) !== null || total.take("all") !== null) {
        leftOut += 1;
        return null;
      }
      const count = leftOut;
      leftOut = 0;
      return count;
    },
  };
}
