import { X509Certificate } from "node:crypto";
import type { TLSSocket } from "node:tls";
import { MusterError } from "@muster/core";
import type { AgentIdentity } from "@muster/fleet";
import { readClientCertificate } from "@muster/trust/x509";

/** The other end of one TLS connection. */
export interface Peer {
  readonly socket: TLSSocket;
  /** Whether it speaks HTTP/2: only streams keep such a connection alive. */
  readonly isHttp2: boolean;
  /** When it came, or its last stream went. */
  idleSince: number;
  /** Read from the certificate at the first call that needs it. */
  identity: AgentIdentity | null;
  /** Asked for on this connection. */
  certificates: number;
  streams: number;
}

/**
 * Who the connection's certificate says it is, now: `CERTIFICATE_REQUIRED`, `CERTIFICATE_INVALID`, or
 * `CERTIFICATE_EXPIRED`, which Node would not notice once the connection stands.
 */
export function identityOf(peer: Peer, now: number): AgentIdentity {
  const identity = (peer.identity ??= readIdentity(peer.socket, null));
  if (identity.expiresAt > now) return identity;
  throw expired(identity);
}

/** How long after its certificate has expired a host may still come back with it: it was off, or in a store room. */
export const ABSENCE_MAX_MS = 30 * 86_400_000;

/**
 * Who asks for the next certificate, now. A host that was away for longer than its certificate lasts proves itself with
 * that one: its key, and a generation that nobody has renewed since. `CERTIFICATE_REQUIRED`, `CERTIFICATE_INVALID`, or
 * `CERTIFICATE_EXPIRED` for one that was away too long.
 */
export function identityForRenewal(peer: Peer, now: number, caCertificate: string): AgentIdentity {
  const identity = (peer.identity ??= readIdentity(peer.socket, caCertificate));
  if (identity.expiresAt + ABSENCE_MAX_MS > now) return identity;
  throw expired(identity);
}

/**
 * Whether nothing holds the connection open: a stranger who shows no certificate, or an agent without a stream.
 * One that downloads is watched by the HTTP server.
 */
export function isIdle(peer: Peer, now: number, limitMs: number): boolean {
  if (peer.streams > 0 || now - peer.idleSince <= limitMs) return false;
  return peer.isHttp2 || peer.identity === null;
}

/** With a CA, also of a certificate that has expired, and for no other reason is not good. */
function readIdentity(socket: TLSSocket, caCertificate: string | null): AgentIdentity {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) throw new MusterError("CERTIFICATE_REQUIRED");
  if (!socket.authorized) {
    const problem = String(socket.authorizationError);
    if (problem !== "CERT_HAS_EXPIRED") throw new MusterError("CERTIFICATE_REQUIRED", { problem });
    // OpenSSL names the last problem it met: a stranger's own certificate can have expired as well.
    if (caCertificate === null || !isIssuedBy(certificate, caCertificate))
      throw new MusterError("CERTIFICATE_EXPIRED", { problem });
  }
  const { agentId, generation, expiresAt } = readClientCertificate(certificate.raw);
  return { agentId, generation, expiresAt };
}

function isIssuedBy(certificate: X509Certificate, caCertificate: string): boolean {
  const authority = new X509Certificate(caCertificate);
  return certificate.checkIssued(authority) && certificate.verify(authority.publicKey);
}

function expired({ agentId, expiresAt }: AgentIdentity): MusterError {
  return new MusterError("CERTIFICATE_EXPIRED", { agentId, expiredAt: expiresAt });
}
