import { compareVersions, MusterError, type Version } from "@muster/core";
import { loadJournal } from "../journal/journal-store.ts";
import { takeLock } from "../lock/folder-lock.ts";
import { withJournalLock } from "../lock/journal-lock.ts";
import type { Host } from "../ports.ts";
import { prepareRoot } from "../root/prepare-root.ts";
import { installSeed } from "../seed/install-seed.ts";
import { readSeed, seedFilesIn, type SeedFiles, type SeedSource } from "../seed/packaged-seed.ts";
import { inspectTree } from "../versions/inspect-tree.ts";
import { linkedVersion } from "../versions/links.ts";

export type SeedEnding =
  | { readonly kind: "installed"; readonly version: Version }
  /** The host has a version that runs; the next one comes as an update. */
  | { readonly kind: "not_needed"; readonly version: Version };

/**
 * Installs the first version of a host, from a folder or from archive, manifest and signatures. Throws
 * `UPDATE_IN_PROGRESS`, `UPDATE_BELOW_FLOOR`, and the codes of `readSeed` and `stageRelease`.
 */
export async function seed(host: Host, files: readonly string[]): Promise<SeedEnding> {
  const source = readSeed(host, seedFiles(files));
  prepareRoot(host);
  const attempt = takeLock(host, host.layout.lock);
  if (attempt.kind === "busy") throw new MusterError("UPDATE_IN_PROGRESS", { pid: attempt.holder.pid });
  try {
    return await withJournalLock(host, () => installIfNeeded(host, source));
  } finally {
    attempt.lock.release();
  }
}

async function installIfNeeded(host: Host, source: SeedSource): Promise<SeedEnding> {
  const current = linkedVersion(host.layout.current);
  if (current !== null && inspectTree(host, current).tree !== "broken")
    return { kind: "not_needed", version: current };
  const { floor } = loadJournal(host);
  if (floor !== null && compareVersions(source.version, floor) < 0) {
    throw new MusterError("UPDATE_BELOW_FLOOR", { version: source.version, floor });
  }
  await installSeed(host, source);
  return { kind: "installed", version: source.version };
}

function seedFiles(files: readonly string[]): SeedFiles {
  const [first, manifest, signatures] = files;
  if (first !== undefined && manifest !== undefined && signatures !== undefined) {
    return { archive: first, manifest, signatures };
  }
  const found = first === undefined ? null : seedFilesIn(first);
  if (found === null)
    throw new MusterError("FILE_NOT_READABLE", { path: first ?? "", problem: "holds no release manifest" });
  return found;
}
