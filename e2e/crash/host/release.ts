import { createHash } from "node:crypto";
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import {
  assetNames,
  encodeManifest,
  platformOfNode,
  type Handoff,
  type HostLayout,
  type Manifest,
  type ProbationLimits,
  type Version,
} from "@muster/core";
import {
  encodeTrustAnchor,
  generateSigningKey,
  rawPublicKey,
  sha256Hex,
  signManifest,
  type SignedManifest,
} from "@muster/trust";
import { Program } from "@muster/local-fleet";
import { ENTRYPOINT, payloadFiles, type Behaviour } from "./payload.ts";

export const PRODUCT = "acme-agent";
export const PLATFORM = platformOfNode(process.platform, process.arch);

/** A release as files in a folder, under the names that release tools give them. */
export interface Release {
  readonly version: Version;
  readonly folder: string;
  readonly archive: string;
  readonly signed: SignedManifest;
}

export interface ReleaseWish {
  readonly version: Version;
  readonly floor: Version;
  readonly behaviour?: Behaviour;
  readonly migrates?: boolean;
}

/** A key, the anchor that trusts it, and the releases it signs. */
export interface Signer {
  readonly anchor: Uint8Array;
  /** Makes a release in a folder of its own below `folder`. */
  release(folder: string, wish: ReleaseWish): Promise<Release>;
}

export function createSigner(): Signer {
  const key = generateSigningKey();
  const anchor = encodeTrustAnchor({
    schema: 1,
    threshold: 1,
    keys: [{ name: "release", publicKey: rawPublicKey(key) }],
  });
  return {
    anchor,
    release: async (parent, wish) => {
      const { version } = wish;
      const folder = join(parent, `${version}-${wish.behaviour ?? "healthy"}`);
      const { archive, manifest } = await build(folder, wish);
      const bytes = encodeManifest(manifest);
      const signed = { manifest: bytes, signatures: signManifest(bytes, key) };
      await writeFile(join(folder, assetNames.manifest(PRODUCT)), signed.manifest);
      await writeFile(join(folder, assetNames.signature(PRODUCT)), signed.signatures);
      return { version, folder, archive, signed };
    },
  };
}

async function build(
  folder: string,
  { version, floor, behaviour = "healthy", migrates = false }: ReleaseWish,
): Promise<{ readonly archive: string; readonly manifest: Manifest }> {
  const tree = join(folder, "tree");
  const files = payloadFiles(version, { behaviour, migrates });
  for (const { path, mode, content } of files) {
    await mkdir(dirname(join(tree, path)), { recursive: true });
    await writeFile(join(tree, path), content, { mode: Number.parseInt(mode, 8) });
  }
  const name = assetNames.archive(PRODUCT, version, PLATFORM);
  const archive = join(folder, name);
  await new Program(["tar", "-czf", archive, "-C", tree, "."]).success();
  const bytes = await readFile(archive);
  const artifact = {
    ...PLATFORM,
    url: `https://releases.example/${name}`,
    sha256: sha256Hex(bytes),
    size: bytes.byteLength,
    format: "tar.gz" as const,
    entrypoint: ENTRYPOINT,
    files: files.map(({ path, mode, content }) => ({
      path,
      mode,
      sha256: createHash("sha256").update(content).digest("hex"),
      size: Buffer.byteLength(content),
    })),
  };
  const manifest: Manifest = {
    schema: 1,
    product: PRODUCT,
    version,
    channel: "stable",
    notes: "",
    floor,
    artifacts: [artifact],
  };
  return { archive, manifest };
}

/** The name of the only target that updates to a version. */
export function targetOf(version: Version): string {
  return `target-${version.replaceAll(".", "-")}`;
}

/** Hands a release over as an agent does: the handoff last. */
export async function handOver(
  { staging, stagedArchive, stagedManifest, stagedSignature, handoff }: HostLayout,
  release: Release,
  limits: ProbationLimits,
): Promise<void> {
  await mkdir(staging, { recursive: true });
  await copyFile(release.archive, stagedArchive);
  await writeFile(stagedManifest, release.signed.manifest);
  await writeFile(stagedSignature, release.signed.signatures);
  const content: Handoff = {
    schema: 1,
    targetId: targetOf(release.version),
    product: PRODUCT,
    version: release.version,
    manifestDigest: sha256Hex(release.signed.manifest),
    allowDowngrade: false,
    limits,
  };
  await writeFile(handoff, JSON.stringify(content));
}
