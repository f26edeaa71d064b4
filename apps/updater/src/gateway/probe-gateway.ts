import type { GatewayState } from "@muster/core";
import type { GatewayAddress } from "../ports.ts";

const TIMEOUT_MS = 3000;
const READY_PATH = "/v1/ready";

/**
 * Asks a gateway whether it accepts agents (`GET /v1/ready`): `accepting` for 200, `not_accepting` for a server error,
 * `unreachable` when nothing answers that the CA vouches for. Any other answer says nothing. Never throws.
 */
export async function probeGateway(gateway: GatewayAddress): Promise<GatewayState> {
  const { request } = await import("node:https");
  const url = parseAddress(gateway.address);
  if (url === null) return "unknown";
  return new Promise((resolve) => {
    const asking = request(
      url,
      { ca: gateway.ca, agent: false, timeout: TIMEOUT_MS, signal: AbortSignal.timeout(TIMEOUT_MS) },
      ({ statusCode = 0 }) => {
        resolve(meaningOf(statusCode));
        asking.destroy();
      },
    );
    asking.on("timeout", () => asking.destroy());
    asking.on("error", () => resolve("unreachable"));
    asking.on("close", () => resolve("unreachable"));
    asking.end();
  });
}

function meaningOf(status: number): GatewayState {
  if (status === 200) return "accepting";
  return status >= 500 ? "not_accepting" : "unknown";
}

function parseAddress(address: string): URL | null {
  return URL.canParse(`https://${address}${READY_PATH}`) ? new URL(`https://${address}${READY_PATH}`) : null;
}
