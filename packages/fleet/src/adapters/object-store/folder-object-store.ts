import { createHash, randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { type FileHandle, mkdir, open, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { MusterError } from "@muster/core";
import type { ObjectContent, ObjectStore } from "../../ports.ts";

const PROGRESS_INTERVAL_MS = 250;
const SHA256 = /^[0-9a-f]{64}$/;

/**
 * A content-addressed folder: `sha256/ab/abcdef…`. Content is written to `incoming/`, synced, and renamed when it is
 * right, so a kill leaves the object whole or absent. Opening sweeps what a kill left in `incoming/`; only one process
 * may have the folder open. Throws `FILE_NOT_WRITABLE`.
 */
export async function openFolderObjectStore(root: string): Promise<ObjectStore> {
  const folders = { objects: join(root, "sha256"), incoming: join(root, "incoming") };
  await writing(root, async () => {
    await rm(folders.incoming, { recursive: true, force: true });
    await mkdir(folders.incoming, { recursive: true, mode: 0o700 });
    await mkdir(folders.objects, { recursive: true, mode: 0o700 });
    await syncFolder(root);
  });
  return {
    has: async (sha256) => (await sizeOf(pathOf(folders.objects, sha256))) !== null,
    put: (content, source) => putObject(folders, content, source),
    open: async (sha256, fromByte) => {
      const path = pathOf(folders.objects, sha256);
      const size = await sizeOf(path);
      if (path === null || size === null) throw new MusterError("OBJECT_NOT_FOUND", { sha256 });
      return { size, stream: createReadStream(path, { start: fromByte }) };
    },
  };
}

interface Folders {
  readonly objects: string;
  readonly incoming: string;
}

/** Where an object is; null for what is no digest, so that a name from outside never becomes a path. */
function pathOf(objects: string, sha256: string): string | null {
  return SHA256.test(sha256) ? join(objects, sha256.slice(0, 2), sha256) : null;
}

async function sizeOf(path: string | null): Promise<number | null> {
  if (path === null) return null;
  const found = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "ENOENT") return null;
    throw new MusterError("STORE_UNAVAILABLE", { problem: cause.message }, { cause });
  });
  return found?.isFile() ? found.size : null;
}

async function putObject(
  { objects, incoming }: Folders,
  content: ObjectContent,
  source: AsyncIterable<Uint8Array>,
): Promise<void> {
  const target = pathOf(objects, content.sha256);
  if (target === null) throw new MusterError("ARTIFACT_DIGEST_MISMATCH", { expected: content.sha256 });
  const draft = join(incoming, randomUUID());
  try {
    const file = await writing(draft, () => open(draft, "wx", 0o600));
    try {
      await copyVerified(file, content, source);
      await writing(draft, () => file.sync());
    } finally {
      await file.close();
    }
    await writing(target, () => publish(draft, target, objects));
  } finally {
    await rm(draft, { force: true });
  }
}

/** Renames the synced draft into place and syncs every folder whose entries changed. */
async function publish(draft: string, target: string, objects: string): Promise<void> {
  const shard = join(target, "..");
  const made = await mkdir(shard, { recursive: true, mode: 0o700 });
  await rename(draft, target);
  await syncFolder(shard);
  if (made !== undefined) await syncFolder(objects);
}

async function copyVerified(
  file: FileHandle,
  { sha256, sizeBytes, onProgress }: ObjectContent,
  source: AsyncIterable<Uint8Array>,
): Promise<void> {
  const hash = createHash("sha256");
  let stored = 0;
  let toldAt = performance.now();
  for await (const chunk of source) {
    stored += chunk.byteLength;
    if (stored > sizeBytes) throw new MusterError("MIRROR_TOO_LARGE", { expectedBytes: sizeBytes });
    hash.update(chunk);
    await writing(sha256, () => writeWhole(file, chunk));
    if (onProgress && performance.now() - toldAt >= PROGRESS_INTERVAL_MS) {
      toldAt = performance.now();
      onProgress(stored);
    }
  }
  if (stored !== sizeBytes) {
    throw new MusterError("ARTIFACT_SIZE_MISMATCH", { expectedBytes: sizeBytes, actualBytes: stored });
  }
  const actual = hash.digest("hex");
  if (actual !== sha256) throw new MusterError("ARTIFACT_DIGEST_MISMATCH", { expected: sha256, actual });
  onProgress?.(stored);
}

async function writeWhole(file: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let written = 0; written < chunk.byteLength; ) {
    const { bytesWritten } = await file.write(chunk, written);
    written += bytesWritten;
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Runs a write; what the operating system refuses is `FILE_NOT_WRITABLE`. */
async function writing<T>(path: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause);
    throw new MusterError("FILE_NOT_WRITABLE", { path, problem }, { cause });
  }
}
