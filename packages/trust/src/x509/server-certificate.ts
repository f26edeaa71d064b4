import { createKey, createSerial, loadAuthority, SIGNING_ALGORITHM, validity } from "./authority.ts";
import type { CertifiedKey } from "./authority.ts";
import { x509Library } from "./library.ts";

/** What a gateway's certificate is for. */
export interface ServerNames {
  /** DNS names. */
  readonly names: readonly string[];
  /** IP addresses. */
  readonly ips: readonly string[];
  readonly ttlMs: number;
  readonly now: number;
}

/** A key and certificate for a gateway, signed by the fleet's CA. */
export async function issueServerCertificate(
  authority: CertifiedKey,
  { names, ips, ttlMs, now }: ServerNames,
): Promise<CertifiedKey> {
  const x509 = await x509Library();
  const { certificate: issuer, signingKey } = await loadAuthority(authority);
  const { keys, privateKeyPem } = await createKey();
  const alternatives = [
    ...names.map((value) => ({ type: "dns", value }) as const),
    ...ips.map((value) => ({ type: "ip", value }) as const),
  ];
  const certificate = await x509.X509CertificateGenerator.create({
    issuer: issuer.subjectName,
    subject: [{ CN: ["muster gateway"] }],
    publicKey: keys.publicKey,
    signingKey,
    serialNumber: createSerial(),
    signingAlgorithm: SIGNING_ALGORITHM,
    ...validity(now, ttlMs, issuer.notAfter),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(alternatives),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificatePem: `${certificate.toString("pem")}\n`, privateKeyPem };
}
