import { MusterError, type TargetStage } from "@muster/core";
import { seededChance, shuffled } from "../chance/seeded.ts";

/** How one simulated agent behaves when it is updated. */
export type Profile =
  | { readonly kind: "healthy" }
  /** The new version does not even print its version: nothing is switched. */
  | { readonly kind: "fails_preflight" }
  /** The new version crashes after it started; the old one comes back. */
  | { readonly kind: "rolls_back" }
  /** Its connection closes as it enters the stage, and it never returns. */
  | { readonly kind: "silent"; readonly at: TargetStage }
  /** It goes once all are connected, and returns after so many milliseconds. */
  | { readonly kind: "offline"; readonly forMs: number }
  /** Every stage takes so many milliseconds longer. */
  | { readonly kind: "slow"; readonly byMs: number };

/** A share of the agents, or a number of them. */
export type Amount = { readonly percent: number } | { readonly count: number };

/** Which profiles there are besides healthy ones, and how many agents have each. */
export type Mix = readonly { readonly profile: Profile; readonly amount: Amount }[];

const HEALTHY: Profile = { kind: "healthy" };

/** How many of `agents` an amount is; a share above zero is at least one. */
export function countOf(amount: Amount, agents: number): number {
  if ("count" in amount) return amount.count;
  if (amount.percent === 0 || agents === 0) return 0;
  return Math.max(1, Math.round((agents * amount.percent) / 100));
}

/**
 * Deals profiles to agents 0 … `agents` - 1, the same way for the same seed. `USAGE_INVALID` if the mix wants more
 * agents than there are.
 */
export function dealProfiles(mix: Mix, agents: number, seed: number): readonly Profile[] {
  const odd = mix.flatMap(({ profile, amount }) => times(countOf(amount, agents), profile));
  if (odd.length > agents) {
    const problem = `faults are wanted for ${odd.length} agents, but there are only ${agents}`;
    throw new MusterError("USAGE_INVALID", { problem });
  }
  const healthy = times(agents - odd.length, HEALTHY);
  return shuffled([...odd, ...healthy], seededChance(seed));
}

function times<T>(count: number, item: T): T[] {
  return Array.from({ length: count }, () => item);
}
