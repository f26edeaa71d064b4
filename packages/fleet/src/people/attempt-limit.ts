import type { Clock } from "../ports.ts";

export interface AttemptRate {
  /** Attempts that are answered at once. */
  readonly burst: number;
  /** After them, one in so many milliseconds. */
  readonly refillMs: number;
}

/**
 * Counts attempts by a key that whoever is hindered by them controls: an address, an account from an address, a known
 * browser. Kept in memory, for the keys that were used last.
 */
export interface AttemptLimit {
  /** Notes an attempt. Null: answer it; otherwise refuse to, for so many milliseconds. */
  take(key: string): number | null;
  /** Forgets what was noted: the attempt was a good one. */
  forgive(key: string): void;
}

/** Keys that are remembered; the one that was used longest ago is forgotten first. */
const KEYS_MAX = 100_000;

export function createAttemptLimit(
  clock: Clock,
  { burst, refillMs }: AttemptRate,
  keysMax = KEYS_MAX,
): AttemptLimit {
  // When a key will have none of its attempts left to count.
  const clearAt = new Map<string, number>();
  return {
    take: (key) => {
      const now = clock.now();
      const counted = Math.max(clearAt.get(key) ?? now, now);
      const over = counted + refillMs - now - burst * refillMs;
      clearAt.delete(key);
      clearAt.set(key, over > 0 ? counted : counted + refillMs);
      const [oldest] = clearAt.keys();
      if (clearAt.size > keysMax && oldest !== undefined) clearAt.delete(oldest);
      return over > 0 ? over : null;
    },
    forgive: (key) => void clearAt.delete(key),
  };
}

/** What an address counts as: one IPv6 network is one customer, who has 2^64 addresses in it. */
export function addressKey(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  if (!address.includes(":")) return address;
  const [head = "", tail] = (address.split("%")[0] ?? "").toLowerCase().split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length);
  const groups = [...left, ...Array.from({ length: zeros }, () => "0"), ...right];
  return `${groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(":")}::/64`;
}
