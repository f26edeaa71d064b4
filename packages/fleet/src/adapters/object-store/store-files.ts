import { mkdir, open, rename, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { MusterError } from "@muster/core";

/** Where a folder of objects keeps what. */
export interface Folders {
  readonly objects: string;
  /** What is not whole or not checked yet. */
  readonly incoming: string;
}

/** Renames a synced file into place and syncs every folder whose entries changed. */
export async function publishFile(draft: string, target: string, { objects }: Folders): Promise<void> {
  const shard = join(target, "..");
  await writing(target, async () => {
    const made = await mkdir(shard, { recursive: true, mode: 0o700 });
    await rename(draft, target);
    await syncFolder(shard);
    if (made !== undefined) await syncFolder(objects);
  });
}

/** Writes all of a chunk at a place in the file. */
export async function writeAt(file: FileHandle, chunk: Uint8Array, position: number): Promise<void> {
  for (let written = 0; written < chunk.byteLength; ) {
    const { bytesWritten } = await file.write(chunk, written, chunk.byteLength - written, position + written);
    written += bytesWritten;
  }
}

export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Runs a write; what the operating system refuses is `FILE_NOT_WRITABLE`. */
export async function writing<T>(path: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause);
    throw new MusterError("FILE_NOT_WRITABLE", { path, problem }, { cause });
  }
}
