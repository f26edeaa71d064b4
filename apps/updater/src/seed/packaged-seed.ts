import { artifactFor, assetNames, MANIFEST_MAX_BYTES, MusterError, type Version } from "@muster/core";
import { verifyManifest } from "@muster/trust";
import { namesIn, readSmallFile } from "../fs/reading.ts";
import type { Release } from "../install/stage-release.ts";
import type { Host } from "../ports.ts";
import { SIGNATURES_MAX_BYTES } from "../versions/kept-manifest.ts";
import { readTrustAnchor } from "../versions/trust.ts";

/** A release as files, and what they say. */
export interface SeedSource {
  readonly version: Version;
  readonly release: Release;
  readonly archive: string;
}

export interface SeedFiles {
  readonly manifest: string;
  readonly signatures: string;
  /** Null: beside the manifest, under the name that release tools give it. */
  readonly archive: string | null;
}

/** The version that the package brings, if it brings one that verifies: what a host without any other starts with. */
export function packagedSeed(host: Host): SeedSource | null {
  try {
    const files = seedFilesIn(`${host.packageFolder}/seed`);
    return files === null ? null : readSeed(host, files);
  } catch (error) {
    if (error instanceof MusterError) return null;
    throw error;
  }
}

/** The files of a release in a folder, as release tools name them; null if there is no manifest in it. */
export function seedFilesIn(folder: string): SeedFiles | null {
  const name = namesIn(folder).find((entry) => entry.endsWith(assetNames.manifest("")));
  if (name === undefined) return null;
  return { manifest: `${folder}/${name}`, signatures: `${folder}/${name}.sig`, archive: null };
}

/**
 * Reads and verifies a release's files; the archive is not read yet. Throws `FILE_NOT_READABLE`, `TRUST_ANCHOR_INVALID`,
 * `SIGNATURE_…`, `MANIFEST_…`, `ARTIFACT_NOT_FOUND`.
 */
export function readSeed(host: Host, files: SeedFiles): SeedSource {
  const signed = {
    manifest: required(files.manifest, MANIFEST_MAX_BYTES),
    signatures: required(files.signatures, SIGNATURES_MAX_BYTES),
  };
  const { manifest, digest } = verifyManifest(signed, readTrustAnchor(host));
  const artifact = artifactFor(manifest, host.platform);
  const folder = files.manifest.slice(0, files.manifest.lastIndexOf("/") + 1);
  const { product, version } = manifest;
  const archive = files.archive ?? `${folder}${assetNames.archive(product, version, host.platform)}`;
  return { version, release: { signed, manifest, digest, artifact }, archive };
}

function required(path: string, maxBytes: number): Uint8Array {
  const bytes = readSmallFile(path, { maxBytes, followLink: true });
  if (bytes === null) throw new MusterError("FILE_NOT_READABLE", { path, problem: "is missing" });
  return bytes;
}
