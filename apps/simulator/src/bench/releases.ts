import { createHash, type KeyObject } from "node:crypto";
import { encodeManifest, platformOfNode, type Manifest, type Platform, type Version } from "@muster/core";
import type { Client } from "@muster/protocol/http";
import {
  encodeTrustAnchor,
  generateSigningKey,
  rawPublicKey,
  signManifest,
  type TrustAnchor,
} from "@muster/trust";

export const BENCH_PRODUCT = "bench-agent";
/** What a small agent weighs. */
export const ARTIFACT_BYTES = 512 * 1024;

/** The key that signs the bench's releases, and what trusts it. */
export interface Signing {
  readonly privateKey: KeyObject;
  readonly anchor: TrustAnchor;
  readonly anchorFile: Uint8Array;
}

export function makeSigning(): Signing {
  const privateKey = generateSigningKey();
  const keys = [{ name: "bench", publicKey: rawPublicKey(privateKey) }];
  const anchor: TrustAnchor = { schema: 1, threshold: 1, keys };
  return { privateKey, anchor, anchorFile: encodeTrustAnchor(anchor) };
}

export function benchPlatform(): Platform {
  return platformOfNode(process.platform, process.arch);
}

/** Signs and publishes a release whose archive is noise: simulated agents verify it and do not unpack it. */
export async function publishRelease(
  client: Client,
  version: Version,
  { privateKey }: Signing,
): Promise<void> {
  const archive = noise(ARTIFACT_BYTES, version);
  const sha256 = createHash("sha256").update(archive).digest("hex");
  const size = archive.byteLength;
  const platform = benchPlatform();
  const file = { path: "agent", mode: "0755", sha256, size } as const;
  const manifest: Manifest = {
    schema: 1,
    product: BENCH_PRODUCT,
    version,
    channel: "stable",
    notes: "",
    artifacts: [
      {
        ...platform,
        url: `https://releases.invalid/${version}.tar.gz`,
        sha256,
        size,
        format: "tar.gz",
        entrypoint: file.path,
        files: [file],
      },
    ],
  };
  const bytes = encodeManifest(manifest);
  await client.releases.publish({
    manifest: Buffer.from(bytes).toString("base64"),
    signatures: Buffer.from(signManifest(bytes, privateKey)).toString("base64"),
    source: "upload",
  });
  await client.releases.upload({ product: BENCH_PRODUCT, version, ...platform }, archive);
}

/** Bytes that do not compress: the hash of a counter, again and again. */
export function noise(sizeBytes: number, seed: string): Uint8Array<ArrayBuffer> {
  const pieces: Buffer[] = [];
  for (let at = 0; at * 32 < sizeBytes; at += 1) {
    pieces.push(createHash("sha256").update(`${seed} ${at}`).digest());
  }
  return new Uint8Array(Buffer.concat(pieces).subarray(0, sizeBytes));
}
