import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { ARTIFACT_MAX_BYTES, MusterError, type ManifestFile } from "@muster/core";
import { extract, type Extract } from "tar-stream";
import { reading } from "../files.ts";
import { ArchiveListing } from "./archive-listing.ts";

/** What the manifest says of an archive besides its platform. */
export interface ArchiveContent {
  /** Of the archive itself. */
  readonly sha256: string;
  readonly size: number;
  /** Sorted by path. */
  readonly files: readonly ManifestFile[];
}

/**
 * Reads a tar.gz and lists its files, refusing what a host would refuse: `ARCHIVE_INVALID`, `ARCHIVE_ENTRY_FORBIDDEN` or
 * `ARCHIVE_TOO_LARGE`; `FILE_NOT_READABLE` if the file itself cannot be read.
 */
export async function readArchive(
  path: string,
  onProgress: (readBytes: number) => void = () => undefined,
): Promise<ArchiveContent> {
  const hash = createHash("sha256");
  let size = 0;
  async function* hashed(chunks: AsyncIterable<Buffer>) {
    for await (const chunk of chunks) {
      hash.update(chunk);
      size += chunk.byteLength;
      onProgress(size);
      yield chunk;
    }
  }
  const tar = extract();
  const listing = listFiles(tar);
  const feeding = pipeline(createReadStream(path), hashed, createGunzip(), bounded, tar);
  const [listed, fed] = await Promise.allSettled([listing, feeding]);
  if (listed.status === "fulfilled" && fed.status === "fulfilled") {
    return { sha256: hash.digest("hex"), size, files: listed.value };
  }
  const reasons = [listed, fed].flatMap((result) =>
    result.status === "rejected" ? [result.reason as unknown] : [],
  );
  // One side's failure ends the other with an error that says less.
  const reason =
    reasons.find((candidate) => candidate instanceof MusterError) ??
    reasons.find(isFileProblem) ??
    reasons[0];
  return reading(path, () => Promise.reject(archiveError(path, reason)));
}

async function listFiles(tar: Extract): Promise<readonly ManifestFile[]> {
  const listing = new ArchiveListing();
  for await (const entry of tar) {
    const file = listing.admit(entry.header);
    if (file === null) {
      entry.resume();
      continue;
    }
    const hash = createHash("sha256");
    let size = 0;
    for await (const chunk of entry as AsyncIterable<Buffer>) {
      hash.update(chunk);
      size += chunk.byteLength;
    }
    listing.add({ ...file, sha256: hash.digest("hex"), size });
  }
  return listing.finish();
}

/** Ends what unpacks to more than any artifact may have. */
async function* bounded(chunks: AsyncIterable<Buffer>) {
  let unpacked = 0;
  for await (const chunk of chunks) {
    unpacked += chunk.byteLength;
    if (unpacked > ARTIFACT_MAX_BYTES)
      throw new MusterError("ARCHIVE_TOO_LARGE", { most: ARTIFACT_MAX_BYTES });
    yield chunk;
  }
}

/** What is wrong with the archive is its own error; what is wrong with the file is left to `reading`. */
function archiveError(path: string, error: unknown): unknown {
  if (isFileProblem(error)) return error;
  const code = error instanceof MusterError ? error.code : "ARCHIVE_INVALID";
  const details = error instanceof MusterError ? error.details : { problem: describe(error) };
  return new MusterError(code, { archive: path, ...details }, { cause: error });
}

function isFileProblem(error: unknown): boolean {
  return error instanceof Error && "syscall" in error;
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
