import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { ARTIFACT_MAX_BYTES, MusterError, parse, safePathDecoder, type ManifestFile } from "@muster/core";
import { extract, type Extract, type Header } from "tar-stream";
import { reading } from "../files.ts";

/** What the manifest says of an archive besides its platform. */
export interface ArchiveContent {
  /** Of the archive itself. */
  readonly sha256: string;
  readonly size: number;
  /** Sorted by path. */
  readonly files: readonly ManifestFile[];
}

type Entry = Extract extends AsyncIterable<infer Item> ? Item : never;

/** Most entries, folders counted too. */
const ENTRIES_MAX = 40_000;

/**
 * Reads a tar.gz and lists its files, refusing what a host would refuse: `ARCHIVE_INVALID`, `ARCHIVE_ENTRY_FORBIDDEN` or
 * `ARCHIVE_TOO_LARGE`.
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
  const files = await reading(path, async () => {
    try {
      const [entries] = await Promise.all([
        listFiles(tar),
        pipeline(createReadStream(path), hashed, createGunzip(), bounded, tar),
      ]);
      return entries;
    } catch (error) {
      throw archiveError(path, error);
    }
  });
  return { sha256: hash.digest("hex"), size, files };
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

async function listFiles(tar: Extract): Promise<ManifestFile[]> {
  const files: ManifestFile[] = [];
  const folders = new Set<string>();
  let entries = 0;
  for await (const entry of tar) {
    if (++entries > ENTRIES_MAX) throw new MusterError("ARCHIVE_TOO_LARGE", { entries, most: ENTRIES_MAX });
    const { header } = entry;
    if (header.type === "directory") {
      folders.add(folderPath(header));
      entry.resume();
    } else {
      files.push(await readFileEntry(entry));
    }
  }
  const clash = files.find(({ path }) => folders.has(path));
  if (clash) throw forbidden(clash.path, "is both a file and a folder");
  if (files.length === 0) throw new MusterError("ARCHIVE_INVALID", { problem: "it holds no files" });
  return files.toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

async function readFileEntry(entry: Entry): Promise<ManifestFile> {
  const { header } = entry;
  if (header.type !== "file" && header.type !== "contiguous-file") {
    throw forbidden(header.name, `is a ${header.type ?? "thing without a type"}`);
  }
  const path = safePath(header.name);
  const mode = header.mode ?? 0o644;
  if (mode & 0o7000) throw forbidden(path, "has a set-uid, set-gid or sticky bit");
  const hash = createHash("sha256");
  let size = 0;
  for await (const chunk of entry as AsyncIterable<Buffer>) {
    hash.update(chunk);
    size += chunk.byteLength;
  }
  return { path, mode: mode & 0o111 ? "0755" : "0644", sha256: hash.digest("hex"), size };
}

/** A folder's path; empty for the root, which `tar -C folder .` puts first. */
function folderPath({ name }: Header): string {
  const path = name.replace(/\/+$/, "");
  return path === "." || path === "" ? "" : safePath(path);
}

function safePath(name: string): string {
  const path = name.startsWith("./") ? name.slice(2) : name;
  try {
    return parse.decode(safePathDecoder, path, "ARCHIVE_ENTRY_FORBIDDEN");
  } catch (cause) {
    throw forbidden(name, "must be a relative path without empty, . or .. segments", cause);
  }
}

function forbidden(entry: string, problem: string, cause?: unknown): MusterError {
  return new MusterError("ARCHIVE_ENTRY_FORBIDDEN", { entry, problem }, { cause });
}

/** What is wrong with the archive is its own; what is wrong with the file is left to `reading`. */
function archiveError(path: string, error: unknown): unknown {
  if (error instanceof MusterError)
    return new MusterError(error.code, { archive: path, ...error.details }, { cause: error });
  const isFileProblem = error instanceof Error && "syscall" in error;
  if (isFileProblem) return error;
  const problem = error instanceof Error ? error.message : String(error);
  return new MusterError("ARCHIVE_INVALID", { archive: path, problem }, { cause: error });
}
