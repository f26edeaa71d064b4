import { gatewayAddressDecoder, parse } from "@muster/core";

/** Where agents connect. */
export interface GatewayAddress {
  readonly host: string;
  readonly port: number;
  /** `host:port`, an IPv6 address in brackets. */
  readonly text: string;
}

/** Reads `host:port`; `USAGE_INVALID`. */
export function parseGatewayAddress(text: string): GatewayAddress {
  const address = parse.decode(gatewayAddressDecoder, text, "USAGE_INVALID");
  const { hostname, port } = new URL(`tcp://${address}`);
  return { host: hostname.replace(/^\[|\]$/g, ""), port: Number(port), text: address };
}
