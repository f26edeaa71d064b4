import { isIP } from "node:net";
import { MusterError } from "@muster/core";
import type { AllowList } from "./allow-list.ts";
import type { Network } from "./network.ts";

const HTTPS_PORT = 443;

/**
 * The address of an artifact, or of a redirect relative to the one before, if it may be asked at all. Throws
 * `MIRROR_DESTINATION_FORBIDDEN`. What a host name resolves to is checked again when it is connected to.
 */
export function parseDestination(
  location: string,
  base: URL | undefined,
  { allows, network }: { readonly allows: AllowList; readonly network: Network },
): URL {
  const url = URL.canParse(location, base?.href) ? new URL(location, base) : null;
  if (!url) throw forbidden({ url: location.slice(0, 256), problem: "is not an address" });
  const shown = displayUrl(url);
  if (url.protocol !== "https:") throw forbidden({ url: shown, problem: "is not https" });
  if (url.username !== "" || url.password !== "") {
    throw forbidden({ url: shown, problem: "holds a user name or password" });
  }
  const port = url.port === "" ? HTTPS_PORT : Number(url.port);
  if (!allows(url.hostname, port)) {
    const problem = `${url.hostname}:${port} is not on the server's list of hosts (--mirror-allow)`;
    throw forbidden({ url: shown, problem });
  }
  // A literal address is never looked up, so the check in the look-up would not see it.
  const literal = url.hostname.replace(/^\[(.*)\]$/, "$1");
  const refusal = isIP(literal) === 0 ? null : network.refusalOf(literal);
  if (refusal !== null) throw forbiddenAddress(shown, literal, refusal);
  return url;
}

export function forbiddenAddress(url: string, address: string, refusal: string): MusterError {
  return forbidden({ url, address, problem: `leads to an address that is not public (${refusal})` });
}

/** An address without its query, which may hold a secret of the host that redirected. */
export function displayUrl(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname}`.slice(0, 256);
}

function forbidden(details: Record<string, string>): MusterError {
  return new MusterError("MIRROR_DESTINATION_FORBIDDEN", details);
}
