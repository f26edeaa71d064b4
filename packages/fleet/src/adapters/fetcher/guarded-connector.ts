import type { LookupAddress } from "node:dns";
import type { LookupFunction } from "node:net";
import { callbackify } from "node:util";
import { MusterError } from "@muster/core";
import { buildConnector } from "undici";
import { forbiddenAddress } from "./destination.ts";
import type { Network } from "./network.ts";

const HTTPS_PORT = 443;

/**
 * Connects only to addresses the network does not refuse. The addresses that were checked are the ones connected to, so a
 * name that resolves otherwise the next time (DNS rebinding) gains nothing; the peer's address is checked once more
 * before a byte of the request is sent.
 */
export function guardedConnector(network: Network, timeoutMs: number): buildConnector.connector {
  const connect = buildConnector({
    lookup: guardedLookup(network),
    timeout: timeoutMs,
    allowH2: false,
    maxCachedSessions: 0,
    ...(network.authority !== undefined && { ca: network.authority }),
  });
  return (options, callback) => {
    const port = network.portFor?.(options.hostname, Number(options.port || HTTPS_PORT)) ?? options.port;
    connect({ ...options, port: String(port) }, (...[error, socket]) => {
      if (error) return callback(error, null);
      const peer = socket.remoteAddress ?? "";
      const refusal = network.refusalOf(peer);
      if (refusal === null) return callback(null, socket);
      socket.destroy();
      return callback(forbiddenAddress(options.hostname, peer, refusal), null);
    });
  };
}

/** Resolves all of a name's addresses; one that is refused refuses the name. */
function guardedLookup(network: Network): LookupFunction {
  const resolve = callbackify((host: string) => resolvePublic(network, host));
  return (host, { all }, callback) => {
    resolve(host, (error, addresses) => {
      if (error) callback(error, []);
      else if (all) callback(null, [...addresses]);
      else callback(null, addresses[0].address, addresses[0].family);
    });
  };
}

async function resolvePublic(
  network: Network,
  host: string,
): Promise<readonly [LookupAddress, ...LookupAddress[]]> {
  const [first, ...others] = await network.resolve(host);
  if (!first) throw new MusterError("MIRROR_FETCH_FAILED", { host, problem: "its name has no address" });
  for (const { address } of [first, ...others]) {
    const refusal = network.refusalOf(address);
    if (refusal !== null) throw forbiddenAddress(host, address, refusal);
  }
  return [first, ...others];
}
