import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import { MusterError } from "@muster/core";
import { encodePrivateKey, generateSigningKey, parsePrivateKey } from "@muster/trust";
import { type CertifiedKey, createAuthority, issueServerCertificate } from "@muster/trust/x509";
import type { DataFolder } from "./data-folder.ts";
import { keepFile, readingKept, readKept, writeKept } from "./kept-file.ts";

const GATEWAY_TTL_MS = 90 * 86_400_000;
/** A certificate with less time left than this is made anew, in milliseconds. */
const GATEWAY_RENEW_MS = 30 * 86_400_000;

/** What the server is known by. Made at the first start, kept for ever. */
export interface Identities {
  /** The agents' certificate authority. */
  readonly authority: CertifiedKey;
  /** Signs assignments; Ed25519. */
  readonly assignmentKey: KeyObject;
}

export async function keepIdentities(
  folder: Pick<DataFolder, "authority" | "assignmentKey">,
  now: number,
): Promise<Identities> {
  const authority = await keepFile(folder.authority, {
    make: async () => joinPem(await createAuthority({ name: "Muster agents", now })),
    read: splitPem,
  });
  const assignmentKey = await keepFile(folder.assignmentKey, {
    make: () => encodePrivateKey(generateSigningKey()),
    read: (text) => parsePrivateKey(text),
  });
  return { authority, assignmentKey };
}

export interface GatewayWish {
  /** DNS names and IP addresses. */
  readonly names: readonly string[];
  readonly now: number;
}

/** The gateway's own certificate: the one kept, or a new one if that is for other names or ends soon. */
export async function keepGatewayCertificate(
  path: string,
  authority: CertifiedKey,
  { names, now }: GatewayWish,
): Promise<CertifiedKey> {
  const text = await readKept(path);
  const kept = text === null ? null : readingKept(path, () => splitPem(text));
  if (kept && isGoodFor(kept, authority, { names, now })) return kept;
  const issued = await issueServerCertificate(authority, {
    names: names.filter((name) => isIP(name) === 0),
    ips: names.filter((name) => isIP(name) !== 0),
    ttlMs: GATEWAY_TTL_MS,
    now,
  });
  await writeKept(path, joinPem(issued));
  return issued;
}

function isGoodFor(kept: CertifiedKey, authority: CertifiedKey, { names, now }: GatewayWish): boolean {
  const certificate = new X509Certificate(kept.certificatePem);
  const issuer = new X509Certificate(authority.certificatePem);
  const named = names.every((name) =>
    isIP(name) === 0 ? certificate.checkHost(name) !== undefined : certificate.checkIP(name) !== undefined,
  );
  return (
    named &&
    certificate.validToDate.getTime() - now > GATEWAY_RENEW_MS &&
    certificate.verify(issuer.publicKey)
  );
}

const joinPem = ({ certificatePem, privateKeyPem }: CertifiedKey) =>
  `${certificatePem.trimEnd()}\n${privateKeyPem}`;

/** Certificate and key of one file, if they belong together. */
function splitPem(text: string): CertifiedKey {
  const certificatePem = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/.exec(text)?.[0];
  const privateKeyPem = /-----BEGIN PRIVATE KEY-----[^-]+-----END PRIVATE KEY-----/.exec(text)?.[0];
  if (certificatePem === undefined || privateKeyPem === undefined) {
    throw new MusterError("CERTIFICATE_INVALID", { problem: "holds no certificate and key" });
  }
  if (!new X509Certificate(certificatePem).checkPrivateKey(createPrivateKey(privateKeyPem))) {
    throw new MusterError("CERTIFICATE_INVALID", { problem: "holds a key of another certificate" });
  }
  return { certificatePem: `${certificatePem}\n`, privateKeyPem: `${privateKeyPem}\n` };
}
