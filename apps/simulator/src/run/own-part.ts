import { readFile } from "node:fs/promises";
import { MusterError } from "@muster/core";
import { parseTrustAnchor, type TrustAnchor } from "@muster/trust";
import { dealProfiles } from "../agent/profile.ts";
import type { RunOptions } from "../arguments/run-arguments.ts";
import type { FleetPart } from "../fleet/part.ts";
import { SimulatedFleet } from "../fleet/simulated-fleet.ts";
import { introduce } from "../wire/enrol.ts";
import { parseGatewayAddress } from "../wire/gateway-address.ts";
import { gatewayPorts } from "../wire/gateway-ports.ts";

/** Which of a run's agents: from `first`, `count` of them. */
export interface Slice {
  readonly first: number;
  readonly count: number;
}

/** Agents in this process. Throws what `introduce` throws, and `FILE_NOT_READABLE` or `TRUST_ANCHOR_INVALID`. */
export async function ownPart(options: RunOptions, { first, count }: Slice): Promise<FleetPart> {
  const { product, platform, labels, version, seed, nature } = options;
  const anchor = await readAnchor(options.trustAnchorFile);
  const introduction = await introduce(parseGatewayAddress(options.gateway), options.token);
  const profiles = dealProfiles(options.mix, options.agents, seed).slice(first, first + count);
  const plan = { product, platform, labels, version, anchor, seed: seed + first, nature, profiles };
  const fleet = new SimulatedFleet({ ...plan, firstNumber: first + 1 }, gatewayPorts(introduction));
  return {
    enrol: () => fleet.enrol(),
    connect: () => fleet.connect(),
    census: async () => fleet.census(),
    stop: async () => fleet.stop(),
  };
}

async function readAnchor(file: string): Promise<TrustAnchor> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(file);
  } catch (cause) {
    throw new MusterError("FILE_NOT_READABLE", { file }, { cause });
  }
  return parseTrustAnchor(bytes);
}
