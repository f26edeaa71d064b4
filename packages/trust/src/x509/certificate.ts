import { createHash, X509Certificate } from "node:crypto";
import { MusterError } from "@muster/core";

/** What an agent's client certificate says of it. */
export interface ClientCertificate {
  readonly agentId: string;
  /** Rises with every certificate of this agent. */
  readonly generation: number;
  /** Milliseconds since 1970. */
  readonly notBefore: number;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
  /** Upper-case hexadecimal. */
  readonly serial: string;
}

/** The names in an agent's certificate. */
export const clientNames = (agentId: string, generation: number) =>
  [`muster:agent:${agentId}`, `muster:generation:${generation}`] as const;

// The whole of the extension as Node prints it: nothing else may stand beside the two names.
const CLIENT_NAMES =
  /^URI:muster:agent:([A-Za-z0-9][A-Za-z0-9_-]{0,63}), URI:muster:generation:([1-9][0-9]{0,14})$/;

/**
 * Reads an agent's certificate; `CERTIFICATE_INVALID` if it is none. It checks no signature and no time: call it on a
 * certificate that TLS has verified, and compare `expiresAt` with the clock for as long as the connection stands.
 */
export function readClientCertificate(der: Uint8Array): ClientCertificate {
  const certificate = read(der);
  const [, agentId, generation] = CLIENT_NAMES.exec(certificate.subjectAltName ?? "") ?? [];
  if (agentId === undefined || generation === undefined || certificate.ca) {
    throw new MusterError("CERTIFICATE_INVALID", { problem: "is not a certificate of an agent" });
  }
  return {
    agentId,
    generation: Number(generation),
    notBefore: certificate.validFromDate.getTime(),
    expiresAt: certificate.validToDate.getTime(),
    serial: certificate.serialNumber,
  };
}

/** SHA-256 of the public key (SubjectPublicKeyInfo) of a CA's certificate, DER or PEM, in base64url. */
export function authorityPin(certificate: Uint8Array | string): string {
  const spki = read(certificate).publicKey.export({ type: "spki", format: "der" });
  return createHash("sha256").update(spki).digest("base64url");
}

/** A certificate as PEM, which is how Node's TLS takes it. */
export function certificatePem(der: Uint8Array): string {
  return read(der).toString();
}

/** A certificate as DER, which is how it travels. */
export function certificateDer(pem: string): Uint8Array {
  return new Uint8Array(read(pem).raw);
}

function read(certificate: Uint8Array | string): X509Certificate {
  try {
    return new X509Certificate(certificate);
  } catch (cause) {
    throw new MusterError("CERTIFICATE_INVALID", { problem: "cannot be read" }, { cause });
  }
}
