import { createHash } from "node:crypto";
import { readSync } from "node:fs";
import {
  artifactFor,
  MusterError,
  versionFolder,
  type Artifact,
  type ManifestFile,
  type ObservedTree,
  type Platform,
  type Manifest,
  type Version,
} from "@muster/core";
import { entryAt, withFile } from "../fs/reading.ts";
import type { Host } from "../ports.ts";
import { keptManifest } from "./kept-manifest.ts";

/** Files are read back in pieces of this size. */
const PIECE_BYTES = 1024 * 1024;

export interface InspectedTree extends ObservedTree {
  /** Null if the tree is broken. */
  readonly artifact: Artifact | null;
}

/**
 * Whether the tree of a version is what its signed manifest says. All files must be there, with their sizes and modes;
 * contents are read until `hashBudgetBytes` are used up, the entrypoint first, so that a start stays fast with a large
 * tree. Files besides those listed are not looked for: they cannot run unless a listed one runs them.
 */
export function inspectTree(
  host: Pick<Host, "layout" | "packageFolder" | "platform">,
  version: Version,
  hashBudgetBytes = Number.POSITIVE_INFINITY,
): InspectedTree {
  const kept = keptManifest(host, version);
  const artifact = kept === null ? null : artifactOrNull(kept.manifest, host.platform);
  if (kept === null || artifact === null) return { version, tree: "broken", artifact: null };
  const folder = versionFolder(host.layout, version);
  const problem = firstProblem(folder, artifact, hashBudgetBytes);
  if (problem !== null) return { version, tree: "broken", artifact: null };
  return { version, tree: kept.verified ? "intact" : "unverified", artifact };
}

/** Throws `ARCHIVE_TREE_MISMATCH` unless the listed files are in the folder, whole; see `listTree` for others. */
export function requireFiles(folder: string, artifact: Artifact): void {
  const problem = firstProblem(folder, artifact, Number.POSITIVE_INFINITY);
  if (problem !== null) throw new MusterError("ARCHIVE_TREE_MISMATCH", problem);
}

function artifactOrNull(manifest: Manifest, platform: Platform): Artifact | null {
  try {
    return artifactFor(manifest, platform);
  } catch (error) {
    if (error instanceof MusterError && error.code === "ARTIFACT_NOT_FOUND") return null;
    throw error;
  }
}

interface TreeProblem extends Readonly<Record<string, string>> {
  readonly path: string;
  readonly problem: string;
}

function firstProblem(
  folder: string,
  { files, entrypoint }: Artifact,
  budgetBytes: number,
): TreeProblem | null {
  if (!isPlainFolder(folder)) return { path: folder, problem: "is not a folder" };
  const entrypointFirst = files.toSorted(
    (a, b) => Number(b.path === entrypoint) - Number(a.path === entrypoint),
  );
  let budget = budgetBytes;
  for (const file of entrypointFirst) {
    const problem = fileProblem(folder, file, budget > 0);
    if (problem !== null) return { path: file.path, problem };
    budget -= file.size;
  }
  return null;
}

function isPlainFolder(path: string): boolean {
  return entryAt(path)?.isDirectory() ?? false;
}

function fileProblem(folder: string, file: ManifestFile, hashing: boolean): string | null {
  const path = `${folder}/${file.path}`;
  const entry = entryAt(path);
  if (entry === null) return "is missing";
  if (!entry.isFile()) return "is not a plain file";
  if (entry.size !== file.size) return "has another size";
  if ((entry.mode & 0o777) !== Number.parseInt(file.mode, 8)) return "has another mode";
  return hashing && hashFile(path) !== file.sha256 ? "has other content" : null;
}

/** SHA-256 of a file; null if it cannot be read. */
function hashFile(path: string): string | null {
  try {
    return withFile(path, false, ({ descriptor }) => {
      const hash = createHash("sha256");
      const piece = new Uint8Array(PIECE_BYTES);
      for (;;) {
        const length = readSync(descriptor, piece, 0, piece.byteLength, null);
        if (length === 0) return hash.digest("hex");
        hash.update(piece.subarray(0, length));
      }
    });
  } catch {
    // A bad sector reads as an error: the content is not there.
    return null;
  }
}
