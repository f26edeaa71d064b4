import { createHash } from "node:crypto";
import { MusterError, type Artifact, type ManifestFile } from "@muster/core";
import { READABLE_FOLDER } from "../fs/durable.ts";
import type { HostFs } from "../ports.ts";
import { ArchivePlan } from "./archive-plan.ts";

/** A verified archive, and the folder (not there yet) that its tree becomes. */
export interface Extraction {
  readonly archive: string;
  readonly folder: string;
  readonly artifact: Artifact;
}

/**
 * Unpacks an archive into exactly the tree its manifest lists, with the manifest's modes, every file and folder durable.
 * Throws `ARCHIVE_INVALID`, `ARCHIVE_ENTRY_FORBIDDEN`, `ARCHIVE_TOO_LARGE`, `ARCHIVE_TREE_MISMATCH`, `DISK_SHORT`; what
 * was unpacked until then is left for the caller to remove.
 */
export async function extractArchive(fs: HostFs, { archive, folder, artifact }: Extraction): Promise<void> {
  const plan = new ArchivePlan(artifact);
  fs.createFolder(folder, READABLE_FOLDER);
  for (const path of plan.folders) fs.createFolder(`${folder}/${path}`, READABLE_FOLDER);
  await unpack(archive, plan, (file, content) => writeEntry(fs, { folder, file, content }));
  plan.finish();
  for (const path of plan.folders.toReversed()) fs.syncFolder(`${folder}/${path}`);
  fs.syncFolder(folder);
}

/** Pieces of bytes; the library does not say so in its types. */
type Content = AsyncIterable<unknown>;

async function unpack(
  archive: string,
  plan: ArchivePlan,
  write: (file: ManifestFile, content: Content) => Promise<void>,
): Promise<void> {
  const [{ createReadStream }, { createGunzip }, { extract }, { pipeline }] = await Promise.all([
    import("node:fs"),
    import("node:zlib"),
    import("tar-stream"),
    import("node:stream/promises"),
  ]);
  const entries = extract();
  const reading = async () => {
    for await (const entry of entries) {
      const { name, type, size, pax } = entry.header;
      const paxKeys = Object.keys(pax ?? {});
      const file = plan.admit({ name, type: type ?? null, size: size ?? 0, paxKeys });
      if (file === null) entry.resume();
      else await write(file, entry);
    }
  };
  const feeding = pipeline(createReadStream(archive), createGunzip(), atMost(plan.maxBytes), entries);
  const results = await Promise.allSettled([reading(), feeding]);
  const reasons = results.flatMap((result) =>
    result.status === "rejected" ? [result.reason as unknown] : [],
  );
  if (reasons.length === 0) return;
  // One side's failure ends the other with an error that says less.
  const told = reasons.find((reason) => reason instanceof MusterError);
  throw told ?? new MusterError("ARCHIVE_INVALID", { problem: messageOf(reasons[0]) }, { cause: reasons[0] });
}

function atMost(maxBytes: number) {
  return async function* limit(source: AsyncIterable<Uint8Array>) {
    let sizeBytes = 0;
    for await (const piece of source) {
      sizeBytes += piece.byteLength;
      if (sizeBytes > maxBytes) throw new MusterError("ARCHIVE_TOO_LARGE", { limit: maxBytes });
      yield piece;
    }
  };
}

interface EntryFile {
  readonly folder: string;
  readonly file: ManifestFile;
  readonly content: Content;
}

async function writeEntry(fs: HostFs, { folder, file, content }: EntryFile): Promise<void> {
  const target = fs.createFile(`${folder}/${file.path}`, Number.parseInt(file.mode, 8));
  const hash = createHash("sha256");
  let sizeBytes = 0;
  try {
    for await (const piece of content) {
      if (!(piece instanceof Uint8Array)) throw new TypeError("an archive's content must be bytes");
      hash.update(piece);
      target.write(piece);
      sizeBytes += piece.byteLength;
    }
    if (sizeBytes !== file.size || hash.digest("hex") !== file.sha256) {
      throw new MusterError("ARCHIVE_TREE_MISMATCH", { path: file.path, problem: "has other content" });
    }
    target.sync();
  } finally {
    target.close();
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
