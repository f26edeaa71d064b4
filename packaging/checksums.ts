import { createHash, createPublicKey, sign, type KeyObject } from "node:crypto";
import { globSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export const CHECKSUMS = "SHA256SUMS";
export const SIGNATURE = `${CHECKSUMS}.sig`;
export const PUBLIC_KEY = "muster-packages.pub";

/** The public half of a signing key, as openssl reads it. */
export function publicKeyPem(key: KeyObject): string {
  return createPublicKey(key).export({ type: "spki", format: "pem" }).toString();
}

/**
 * Writes SHA256SUMS of one version's packages in a folder, for whatever machines they are, and with a key its Ed25519
 * signature (64 bytes, as `openssl pkeyutl -verify -rawin` takes it) and the public key. Without a key what was signed
 * before goes: it does not fit any more.
 */
export function writeChecksums(folder: string, version: string, key: KeyObject | null): void {
  const names = globSync([`*_${version}_*.deb`, `*-${version}-1.*.rpm`], { cwd: folder }).toSorted();
  const lines = names.map((name) => {
    const digest = createHash("sha256")
      .update(readFileSync(join(folder, name)))
      .digest("hex");
    return `${digest}  ${name}\n`;
  });
  const sums = Buffer.from(lines.join(""));
  writeFileSync(join(folder, CHECKSUMS), sums);
  if (key === null) {
    for (const name of [SIGNATURE, PUBLIC_KEY]) rmSync(join(folder, name), { force: true });
    return;
  }
  writeFileSync(join(folder, SIGNATURE), sign(null, sums, key));
  writeFileSync(join(folder, PUBLIC_KEY), publicKeyPem(key));
}
