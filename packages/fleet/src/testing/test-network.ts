import type { Network } from "../adapters/fetcher/network.ts";
import { specialRangeOf } from "../adapters/fetcher/special-address.ts";
import type { HttpsOrigin } from "./https-origin.ts";

const HTTPS_PORT = 443;

/**
 * A network on which every name is that of this machine's server, which stands for the public internet; every other special
 * address is what it is. What is asked for on 443 is answered by the server.
 */
export function testNetwork(
  { port, authority }: Pick<HttpsOrigin, "port" | "authority">,
  changes: Partial<Network> = {},
): Network {
  return {
    resolve: async () => [{ address: "127.0.0.1", family: 4 }],
    refusalOf: (address) => (address === "127.0.0.1" ? null : specialRangeOf(address)),
    portFor: (_host, asked) => (asked === HTTPS_PORT ? port : asked),
    authority,
    ...changes,
  };
}
