import { type LookupAddress } from "node:dns";
import { lookup } from "node:dns/promises";
import { specialRangeOf } from "./special-address.ts";

/**
 * The part of the network that guarded fetching stands on. Tests put a network of their own in its place; no setting
 * reaches it.
 */
export interface Network {
  readonly resolve: (host: string) => Promise<readonly LookupAddress[]>;
  /** Why an address may not be connected to; null: it may. */
  readonly refusalOf: (address: string) => string | null;
  /** The port that a connection really goes to; left out: the one that was asked for. */
  readonly portFor?: (host: string, port: number) => number;
  /** PEM of the only authority that is believed; left out: the system's. */
  readonly authority?: string;
}

export const PUBLIC_NETWORK: Network = {
  resolve: (host) => lookup(host, { all: true }),
  refusalOf: specialRangeOf,
};
