import { idDecoder, MusterError, parse } from "@muster/core";
import type { Pkcs10CertificateRequest, PublicKey } from "@peculiar/x509";
import { createSerial, loadAuthority, SIGNING_ALGORITHM, validity } from "./authority.ts";
import type { CertifiedKey } from "./authority.ts";
import { clientNames, readClientCertificate, type ClientCertificate } from "./certificate.ts";
import { x509Library } from "./library.ts";

/** Whom a client certificate is for; nothing of it comes from the request. */
export interface ClientIdentity {
  readonly agentId: string;
  /** From 1, rising with every certificate of this agent. */
  readonly generation: number;
  readonly ttlMs: number;
  readonly now: number;
}

export interface IssuedClientCertificate extends ClientCertificate {
  /** DER. */
  readonly certificate: Uint8Array;
}

/** Most bytes of a request; a P-256 one has about 200. */
const REQUEST_MAX_BYTES = 4096;

/**
 * Certifies the key of an agent's request (PKCS #10, DER). Only the key is taken from it: subject and extensions are
 * ignored. `CSR_INVALID` if it cannot be read, its signature is wrong, or its key is not ECDSA P-256.
 */
export async function issueClientCertificate(
  authority: CertifiedKey,
  csr: Uint8Array,
  { agentId, generation, ttlMs, now }: ClientIdentity,
): Promise<IssuedClientCertificate> {
  parse.decode(idDecoder, agentId, "CERTIFICATE_INVALID");
  const x509 = await x509Library();
  const publicKey = await verifiedKeyOf(csr);
  const { certificate: issuer, signingKey } = await loadAuthority(authority);
  const certificate = await x509.X509CertificateGenerator.create({
    issuer: issuer.subjectName,
    subject: [{ CN: [agentId] }],
    publicKey,
    signingKey,
    serialNumber: createSerial(),
    signingAlgorithm: SIGNING_ALGORITHM,
    ...validity(now, ttlMs, issuer.notAfter),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth]),
      new x509.SubjectAlternativeNameExtension(
        clientNames(agentId, generation).map((value) => ({ type: "url", value })),
      ),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
    ],
  });
  const bytes = new Uint8Array(certificate.rawData);
  return { certificate: bytes, ...readClientCertificate(bytes) };
}

async function verifiedKeyOf(csr: Uint8Array): Promise<PublicKey> {
  if (csr.byteLength > REQUEST_MAX_BYTES) throw invalid(`is over ${REQUEST_MAX_BYTES} bytes`);
  const { Pkcs10CertificateRequest } = await x509Library();
  let request: Pkcs10CertificateRequest;
  let genuine: boolean;
  try {
    request = new Pkcs10CertificateRequest(new Uint8Array(csr));
    genuine = isP256(request.publicKey) && (await request.verify());
  } catch (cause) {
    throw invalid("cannot be read", cause);
  }
  if (!isP256(request.publicKey)) throw invalid("its key is not ECDSA P-256");
  if (request.signatureAlgorithm.hash.name !== "SHA-256") throw invalid("its signature does not use SHA-256");
  if (!genuine) throw invalid("its signature does not verify");
  return request.publicKey;
}

function isP256({ algorithm }: PublicKey): boolean {
  return algorithm.name === "ECDSA" && "namedCurve" in algorithm && algorithm.namedCurve === "P-256";
}

function invalid(problem: string, cause?: unknown): MusterError {
  return new MusterError("CSR_INVALID", { problem }, { cause });
}
