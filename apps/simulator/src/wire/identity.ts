import { createSecureContext, type SecureContext } from "node:tls";
import { certificatePem } from "@muster/trust/x509";

/** Who an agent is to the gateway. One TLS context serves its stream and its downloads. */
export interface Identity {
  readonly agentId: string;
  readonly context: SecureContext;
  /** What assignments are verified with; Ed25519, 32 bytes. */
  readonly assignmentKey: Uint8Array;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

/** A TLS context that trusts only the agents' CA. */
export function contextOf(
  caPem: string,
  own: { readonly privateKeyPem: string; readonly certificate: Uint8Array } | null,
): SecureContext {
  if (own === null) return createSecureContext({ ca: caPem });
  return createSecureContext({ ca: caPem, key: own.privateKeyPem, cert: certificatePem(own.certificate) });
}
