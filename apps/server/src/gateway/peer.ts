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
  const identity = (peer.identity ??= readIdentity(peer.socket));
  if (identity.expiresAt <= now) {
    throw new MusterError("CERTIFICATE_EXPIRED", {
      agentId: identity.agentId,
      expiredAt: identity.expiresAt,
    });
  }
  return identity;
}

/**
 * Whether nothing holds the connection open: a stranger who shows no certificate, or an agent without a stream.
 * One that downloads is watched by the HTTP server.
 */
export function isIdle(peer: Peer, now: number, limitMs: number): boolean {
  if (peer.streams > 0 || now - peer.idleSince <= limitMs) return false;
  return peer.isHttp2 || peer.identity === null;
}

function readIdentity(socket: TLSSocket): AgentIdentity {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) throw new MusterError("CERTIFICATE_REQUIRED");
  if (!socket.authorized) {
    const problem = String(socket.authorizationError);
    throw new MusterError(problem === "CERT_HAS_EXPIRED" ? "CERTIFICATE_EXPIRED" : "CERTIFICATE_REQUIRED", {
      problem,
    });
  }
  const { agentId, generation, expiresAt } = readClientCertificate(certificate.raw);
  return { agentId, generation, expiresAt };
}
