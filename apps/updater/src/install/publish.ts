import { lstatSync } from "node:fs";
import {
  MANIFEST_MAX_BYTES,
  manifestFile,
  MusterError,
  versionFolder,
  type Artifact,
  type Version,
} from "@muster/core";
import type { SignedManifest } from "@muster/trust";
import { READABLE_FILE, removeTree, writeDurably } from "../fs/durable.ts";
import { entryAt, namesIn, readSmallFile } from "../fs/reading.ts";
import type { Host } from "../ports.ts";
import { requireFiles } from "../versions/inspect-tree.ts";

/** An unpacked tree that was checked, with the signed manifest it was checked against. */
export interface CheckedTree {
  readonly folder: string;
  readonly version: Version;
  readonly artifact: Artifact;
  readonly signed: SignedManifest;
}

/** Throws `ARCHIVE_TREE_MISMATCH` unless a folder holds the listed files, whole, and nothing else. */
export function requireExactTree(folder: string, artifact: Artifact): void {
  requireFiles(folder, artifact);
  const listed = new Set(artifact.files.map(({ path }) => path));
  const extra = filesBelow(folder, "").find((path) => !listed.has(path));
  if (extra !== undefined)
    throw new MusterError("ARCHIVE_TREE_MISMATCH", { path: extra, problem: "is not in the manifest" });
}

/**
 * Moves a checked tree to its place in `versions/` in one step, its manifest first. A tree that stands there already is
 * kept if it is the same, else it is replaced; it must not be the one that runs.
 */
export function publishTree({ fs, layout }: Host, { folder, version, artifact, signed }: CheckedTree): void {
  keepManifest(fs, manifestFile(layout, version), signed);
  const place = versionFolder(layout, version);
  if (entryAt(place) !== null) {
    if (isExactTree(place, artifact)) {
      removeTree(fs, folder);
      return;
    }
    fs.rename(place, `${folder}.replaced`);
  }
  fs.rename(folder, place);
  fs.syncFolder(layout.versions);
}

function keepManifest(fs: Host["fs"], path: string, { manifest, signatures }: SignedManifest): void {
  // Signatures first: a manifest that is there has been signed.
  writeDurably(fs, `${path}.sig`, signatures, READABLE_FILE);
  const kept = readSmallFile(path, { maxBytes: MANIFEST_MAX_BYTES });
  if (kept === null || Buffer.compare(kept, manifest) !== 0) writeDurably(fs, path, manifest, READABLE_FILE);
}

function isExactTree(folder: string, artifact: Artifact): boolean {
  try {
    requireExactTree(folder, artifact);
    return true;
  } catch (error) {
    if (error instanceof MusterError && error.code === "ARCHIVE_TREE_MISMATCH") return false;
    throw error;
  }
}

/** Everything below a folder but folders, relative to it. */
function filesBelow(folder: string, prefix: string): readonly string[] {
  return namesIn(folder).flatMap((name) => {
    const path = `${folder}/${name}`;
    const relative = `${prefix}${name}`;
    return lstatSync(path).isDirectory() ? filesBelow(path, `${relative}/`) : [relative];
  });
}
