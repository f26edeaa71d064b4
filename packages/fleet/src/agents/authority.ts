import { authorityPin, certificateDer, issueClientCertificate, type CertifiedKey } from "@muster/trust/x509";
import type { Clock } from "../ports.ts";

/** The agents' certificate authority, and what a new agent is told of this control plane. */
export interface AgentAuthority {
  /** DER. */
  readonly caCertificate: Uint8Array;
  /** What a registration token carries, so that a new host knows the server. */
  readonly caPin: string;
  /** Throws `CSR_INVALID`. */
  certify(csr: Uint8Array, agent: CertifiedAgent): Promise<IssuedCertificate>;
}

export interface CertifiedAgent {
  readonly agentId: string;
  readonly generation: number;
}

export interface IssuedCertificate {
  /** DER. */
  readonly certificate: Uint8Array;
  readonly expiresAt: number;
}

/** How long an agent's certificate is good unless told, in milliseconds; agents renew at half of it. */
const CERTIFICATE_TTL_MS = 86_400_000;

/** The authority that signs with a CA's own key. */
export function createAgentAuthority(
  ca: CertifiedKey,
  { clock, ttlMs = CERTIFICATE_TTL_MS }: { readonly clock: Clock; readonly ttlMs?: number },
): AgentAuthority {
  return {
    caCertificate: certificateDer(ca.certificatePem),
    caPin: authorityPin(ca.certificatePem),
    certify: async (csr, { agentId, generation }) => {
      const issued = await issueClientCertificate(ca, csr, { agentId, generation, ttlMs, now: clock.now() });
      return { certificate: issued.certificate, expiresAt: issued.expiresAt };
    },
  };
}
