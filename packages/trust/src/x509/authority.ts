import { createPrivateKey, KeyObject, randomBytes, webcrypto } from "node:crypto";
import { x509Library } from "./library.ts";

/** A certificate and its key, both PEM: as they stand in files and as Node's TLS takes them. */
export interface CertifiedKey {
  readonly certificatePem: string;
  /** PKCS #8. */
  readonly privateKeyPem: string;
}

export const SIGNING_ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

const AUTHORITY_TTL_MS = 3653 * 86_400_000;
/** Certificates begin this much before they are made, for hosts whose clock is behind. */
const BACKDATE_MS = 5 * 60_000;

/** Makes the fleet's own certificate authority: ECDSA P-256, self-signed, good for ten years, above no other CA. */
export async function createAuthority(options: {
  readonly name: string;
  readonly now: number;
}): Promise<CertifiedKey> {
  const x509 = await x509Library();
  const { privateKeyPem, keys } = await createKey();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: [{ CN: [options.name] }],
    keys,
    serialNumber: createSerial(),
    signingAlgorithm: SIGNING_ALGORITHM,
    ...validity(options.now, AUTHORITY_TTL_MS),
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificatePem: `${certificate.toString("pem")}\n`, privateKeyPem };
}

/** A new ECDSA P-256 key, as the library takes it and as it is stored. */
export async function createKey(): Promise<{
  readonly keys: webcrypto.CryptoKeyPair;
  readonly privateKeyPem: string;
}> {
  const keys = await webcrypto.subtle.generateKey(SIGNING_ALGORITHM, true, ["sign", "verify"]);
  const privateKeyPem = KeyObject.from(keys.privateKey).export({ type: "pkcs8", format: "pem" }).toString();
  return { keys, privateKeyPem };
}

/** What a CA needs to sign: its certificate, read, and its key, loaded. */
export async function loadAuthority({ certificatePem, privateKeyPem }: CertifiedKey) {
  const { X509Certificate } = await x509Library();
  const signingKey = createPrivateKey(privateKeyPem).toCryptoKey(SIGNING_ALGORITHM, false, ["sign"]);
  return { certificate: new X509Certificate(certificatePem), signingKey };
}

/** Begins a little early and ends `ttlMs` after now, but not after `latest`; whole seconds (RFC 5280 §4.1.2.5). */
export function validity(now: number, ttlMs: number, latest = new Date(8.64e15)) {
  const notBefore = new Date(now - BACKDATE_MS);
  const notAfter = new Date(Math.min(now + ttlMs, latest.getTime()));
  notBefore.setUTCMilliseconds(0);
  notAfter.setUTCMilliseconds(0);
  return { notBefore, notAfter };
}

/** 16 random bytes; the leading bits make it positive and of full length (RFC 5280 §4.1.2.2). */
export function createSerial(): string {
  const bytes = randomBytes(16);
  bytes.writeUInt8((bytes.readUInt8(0) & 0x3f) | 0x40, 0);
  return bytes.toString("hex");
}
