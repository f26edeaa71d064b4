import { mkdirSync, writeFileSync } from "node:fs";
import { createHash } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { arch, platform } from "node:process";
import { gzipSync } from "node:zlib";
import {
  assetNames,
  DEFAULT_LIMITS,
  encodeManifest,
  platformOfNode,
  type Artifact,
  type Handoff,
  type HostLayout,
  type Manifest,
  type ProbationLimits,
} from "@muster/core";
import {
  encodeTrustAnchor,
  generateSigningKey,
  rawPublicKey,
  sha256Hex,
  signManifest,
  type SignedManifest,
} from "@muster/trust";
import { pack, type Header } from "tar-stream";
import { foldersOf } from "../fs/folders-of.ts";

export const PRODUCT = "acme-agent";
export const PLATFORM = platformOfNode(platform, arch);

export interface FixtureFile {
  readonly content: string;
  readonly mode?: "0644" | "0755";
}

export interface FixtureOptions {
  readonly version: string;
  readonly files: Readonly<Record<string, FixtureFile>>;
  readonly entrypoint?: string;
  readonly floor?: string;
  readonly channel?: string;
  readonly product?: string;
  /** Changes the archive after the manifest was made from the files. */
  readonly archive?: Uint8Array;
  /** Changes what the manifest says of the artifact. */
  readonly artifact?: Partial<Artifact>;
}

/** A release as a release tool makes it. */
export interface FixtureRelease {
  readonly manifest: Manifest;
  readonly signed: SignedManifest;
  readonly archive: Uint8Array;
}

/** One key that is trusted, and what it signs. */
export interface Signer {
  readonly key: KeyObject;
  readonly anchor: Uint8Array;
  release(options: FixtureOptions): Promise<FixtureRelease>;
}

export function createSigner(): Signer {
  const key = generateSigningKey();
  const anchor = encodeTrustAnchor({
    schema: 1,
    threshold: 1,
    keys: [{ name: "release", publicKey: rawPublicKey(key) }],
  });
  return { key, anchor, release: (options) => makeRelease(options, key) };
}

async function makeRelease(options: FixtureOptions, key: KeyObject): Promise<FixtureRelease> {
  const { version, files, product = PRODUCT, channel = "stable", floor } = options;
  const archive = options.archive ?? (await packFiles(files));
  const artifact: Artifact = {
    ...PLATFORM,
    url: `https://releases.example/${assetNames.archive(product, version, PLATFORM)}`,
    sha256: sha256Hex(archive),
    size: archive.byteLength,
    format: "tar.gz",
    entrypoint: options.entrypoint ?? Object.keys(files)[0] ?? "",
    files: Object.entries(files).map(([path, { content, mode = "0644" }]) => ({
      path,
      mode,
      sha256: createHash("sha256").update(content).digest("hex"),
      size: Buffer.byteLength(content),
    })),
    ...options.artifact,
  };
  const manifest: Manifest = {
    schema: 1,
    product,
    version,
    channel,
    notes: "",
    ...(floor === undefined ? {} : { floor }),
    artifacts: [artifact],
  };
  const bytes = encodeManifest(manifest);
  return { manifest, archive, signed: { manifest: bytes, signatures: signManifest(bytes, key) } };
}

/** A gzip-compressed tar of files and the folders they are in. */
export function packFiles(files: Readonly<Record<string, FixtureFile>>): Promise<Uint8Array> {
  const folders = foldersOf(Object.keys(files));
  return packEntries([
    ...folders.map((name) => ({ header: { name, type: "directory" as const }, content: "" })),
    ...Object.entries(files).map(([name, { content, mode }]) => ({
      header: { name, mode: Number.parseInt(mode ?? "0644", 8) },
      content,
    })),
  ]);
}

export interface TarEntry {
  readonly header: Partial<Header> & Pick<Header, "name">;
  readonly content: string;
}

/** A gzip-compressed tar of just these entries, whatever they are. */
export async function packEntries(entries: readonly TarEntry[]): Promise<Uint8Array> {
  const tar = pack();
  for (const { header, content } of entries) {
    if (header.type === undefined || header.type === "file") tar.entry(header, content);
    else tar.entry(header);
  }
  tar.finalize();
  const pieces: Uint8Array[] = [];
  for await (const piece of tar) pieces.push(piece as Uint8Array);
  return gzipSync(Buffer.concat(pieces));
}

/** Writes a release into a folder under the names release tools give its files. */
export function writeAssets(folder: string, { manifest, signed, archive }: FixtureRelease): void {
  mkdirSync(folder, { recursive: true });
  const { product, version } = manifest;
  writeFileSync(`${folder}/${assetNames.manifest(product)}`, signed.manifest);
  writeFileSync(`${folder}/${assetNames.signature(product)}`, signed.signatures);
  writeFileSync(`${folder}/${assetNames.archive(product, version, PLATFORM)}`, archive);
}

/** What an agent hands over for a release. */
export function handoffFor(
  { manifest, signed }: FixtureRelease,
  changes: Partial<Handoff> & { readonly limits?: Partial<ProbationLimits> & ProbationLimits } = {},
): Handoff {
  return {
    schema: 1,
    targetId: `target-${manifest.version.replaceAll(".", "-")}`,
    product: manifest.product,
    version: manifest.version,
    manifestDigest: sha256Hex(signed.manifest),
    allowDowngrade: false,
    limits: DEFAULT_LIMITS,
    ...changes,
  };
}

/** Hands a release over as the agent does: the handoff last. */
export function handOver(layout: HostLayout, release: FixtureRelease, handoff: Handoff): void {
  mkdirSync(layout.staging, { recursive: true });
  writeFileSync(layout.stagedArchive, release.archive);
  writeFileSync(layout.stagedManifest, release.signed.manifest);
  writeFileSync(layout.stagedSignature, release.signed.signatures);
  writeFileSync(layout.handoff, JSON.stringify(handoff));
}
