import { MusterError, type Artifact, type Manifest } from "@muster/core";
import type { SignedManifest } from "@muster/trust";
import { ensureFolder, PASSABLE_FOLDER, removeTree } from "../fs/durable.ts";
import type { Host } from "../ports.ts";
import { copyArchive } from "./copy-archive.ts";
import { extractArchive } from "./extract.ts";
import { preflight } from "./preflight.ts";
import { publishTree, requireExactTree } from "./publish.ts";

/** A release whose signatures were verified with the package's own trust anchor, for this platform. */
export interface Release {
  readonly signed: SignedManifest;
  readonly manifest: Manifest;
  /** SHA-256 of the manifest's bytes. */
  readonly digest: string;
  readonly artifact: Artifact;
}

export interface Staging {
  readonly release: Release;
  /** Where the archive is, which may be anyone's folder. */
  readonly archive: string;
  /** The name of a folder of this caller's own below `tmp/`. */
  readonly area: string;
  /** Called when the archive has been copied and is the right one: what it was copied from is not needed any more. */
  readonly onCopied?: () => void;
}

/** An update needs room for the copy, the unpacked tree, and as much again to work in. */
const SPACE_FACTOR = 3;

/**
 * Brings a release into `versions/`: copied, verified, unpacked, tried and durable; nothing that runs is touched. Leaves
 * nothing in `tmp/` when it fails. Throws `DISK_SHORT` and the codes of its steps.
 */
export async function stageRelease(host: Host, { release, archive, area, onCopied }: Staging): Promise<void> {
  const { fs, layout } = host;
  const { artifact, manifest, signed } = release;
  const work = `${layout.temporary}/${area}`;
  removeTree(fs, work);
  requireSpace(host, artifact);
  ensureFolder(fs, layout.temporary, PASSABLE_FOLDER);
  fs.createFolder(work, PASSABLE_FOLDER);
  const copy = `${work}/archive.tar.gz`;
  const folder = `${work}/tree`;
  try {
    copyArchive(fs, { from: archive, to: copy, artifact });
    onCopied?.();
    await extractArchive(fs, { archive: copy, folder, artifact });
    await preflight(host, { folder, artifact, version: manifest.version });
    // After the preflight: it ran code that may have written into the tree.
    requireExactTree(folder, artifact);
    publishTree(host, { folder, version: manifest.version, artifact, signed });
  } finally {
    removeTree(fs, work);
  }
}

function requireSpace({ freeBytes, layout }: Host, { size }: Artifact): void {
  const free = freeBytes(layout.root);
  const needed = SPACE_FACTOR * size;
  if (free < needed) throw new MusterError("DISK_SHORT", { free, needed });
}
