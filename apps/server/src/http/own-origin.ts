import { isIP } from "node:net";
import { MusterError } from "@muster/core";
import type { RelyingParty } from "@muster/fleet";
import type { FastifyRequest } from "fastify";

interface OriginPorts {
  /** Where browsers find the pages; null: wherever the request was sent to. */
  readonly publicUrl: URL | null;
}

const SAFE_METHODS = ["GET", "HEAD", "OPTIONS"];

/**
 * A browser sends the cookie along with whatever a page of another site makes it send; the `Origin` header, which a page
 * cannot set, tells. Asked of everything that changes something; throws `AUTH_ORIGIN_FOREIGN`.
 */
export function requireOwnOrigin({ publicUrl }: OriginPorts, request: FastifyRequest): void {
  if (SAFE_METHODS.includes(request.method)) return;
  const { origin, host, "sec-fetch-site": site } = request.headers;
  const isOwn = origin !== undefined && isOwnOrigin(origin, publicUrl, host);
  // Fetch Metadata: what a browser itself says of where a request comes from.
  if (isOwn && (site === undefined || site === "same-origin")) return;
  throw new MusterError("AUTH_ORIGIN_FOREIGN", {
    origin: origin?.slice(0, 128) ?? null,
    ...(site !== undefined && { site: site.slice(0, 32) }),
  });
}

/** The same where no cookie speaks: another site could sign a browser in as somebody else. Programs send no such headers. */
export function requireNoForeignOrigin(ports: OriginPorts, request: FastifyRequest): void {
  const { origin, "sec-fetch-site": site } = request.headers;
  if (origin !== undefined || site !== undefined) requireOwnOrigin(ports, request);
}

export function isOwnOrigin(origin: string, publicUrl: URL | null, host: string | undefined): boolean {
  if (publicUrl?.origin === origin) return true;
  return URL.canParse(origin) && new URL(origin).host === host;
}

/** The pages that a passkey is bound to; null where they have no name that it could be bound to (WebAuthn §5.1.2). */
export function relyingParty({ publicUrl }: OriginPorts, host: string | undefined): RelyingParty | null {
  const address = `http://${host ?? ""}`;
  const url = publicUrl ?? (URL.canParse(address) ? new URL(address) : null);
  if (url === null || isIP(url.hostname.replace(/^\[|\]$/g, "")) !== 0) return null;
  return { id: url.hostname, origin: url.origin };
}
