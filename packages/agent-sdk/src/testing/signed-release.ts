import { createHash } from "node:crypto";
import { encodeManifest, platformOfNode, type Manifest } from "@muster/core";
import { encodeTrustAnchor, generateSigningKey, rawPublicKey, sha256Hex, signManifest } from "@muster/trust";

/** A key that may sign releases, and the anchor that says so. */
export function createReleaseSigner() {
  const key = generateSigningKey();
  const anchor = encodeTrustAnchor({
    schema: 1,
    threshold: 1,
    keys: [{ name: "test", publicKey: rawPublicKey(key) }],
  });
  return { key, anchor };
}

export type ReleaseSigner = ReturnType<typeof createReleaseSigner>;
export type TestRelease = ReturnType<typeof signRelease>;

/** A signed release whose archive is just some bytes: the agent looks into none. */
export function signRelease(signer: ReleaseSigner, archive: Buffer, change: Partial<Manifest> = {}) {
  const sha256 = createHash("sha256").update(archive).digest("hex");
  const manifest: Manifest = {
    schema: 1,
    product: "acme-agent",
    version: "1.1.0",
    channel: "stable",
    notes: "",
    artifacts: [
      {
        ...platformOfNode(process.platform, process.arch),
        url: "https://releases.example/acme.tar.gz",
        sha256,
        size: archive.byteLength,
        format: "tar.gz",
        entrypoint: "agent.mjs",
        files: [{ path: "agent.mjs", mode: "0644", sha256: "0".repeat(64), size: 1 }],
      },
    ],
    ...change,
  };
  const bytes = encodeManifest(manifest);
  return {
    manifest,
    bytes,
    digest: sha256Hex(bytes),
    signatures: signManifest(bytes, signer.key),
    archive,
    sha256,
  };
}
