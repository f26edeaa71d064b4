import { constants, type Stats } from "node:fs";
import { type FileHandle, mkdir, open, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { asMusterError, MusterError } from "@muster/core";

/** Modes of what the agent makes. */
export const PRIVATE_FILE = 0o600;
export const READABLE_FILE = 0o644;
export const PRIVATE_FOLDER = 0o700;

export interface WriteRules {
  readonly mode: number;
  /** Whether it must survive a power cut. */
  readonly durable: boolean;
}

/**
 * Makes a file hold exactly these bytes, in one step: another process sees the old content or the new. Never two at once
 * for one path. Throws `HOST_FILE_FAILED` or `DISK_SHORT`; the old content is there then.
 */
export async function replaceFile(
  path: string,
  bytes: Uint8Array | string,
  rules: WriteRules,
): Promise<void> {
  const fresh = `${path}.new`;
  await hostStep(path, async () => {
    // A process that was killed may have left one.
    await rm(fresh, { force: true });
    try {
      const file = await open(fresh, "wx", rules.mode);
      try {
        // The process's mask may have taken something from the mode.
        await file.chmod(rules.mode);
        await giveToOwnerOfFolder(file, path);
        await file.writeFile(bytes);
        if (rules.durable) await file.sync();
      } finally {
        await file.close();
      }
      await rename(fresh, path);
    } catch (error) {
      await rm(fresh, { force: true });
      throw error;
    }
    if (rules.durable) await syncFolder(dirname(path));
  });
}

/**
 * Root enrols a host, the agent's own user works with what comes of it: what root makes in the agent's folders is the
 * agent's.
 */
async function giveToOwnerOfFolder(file: FileHandle, path: string): Promise<void> {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = await stat(dirname(path));
  if (uid !== 0) await file.chown(uid, gid);
}

/** Returns when the folder's entries, as they are, would survive a power cut. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, constants.O_RDONLY);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Makes a folder and what is above it, if they are not there. */
export async function ensureFolder(path: string, mode = PRIVATE_FOLDER): Promise<void> {
  await hostStep(path, () => mkdir(path, { recursive: true, mode }));
}

/** Removes a file durably; it may be gone already. */
export async function removeFile(path: string): Promise<void> {
  await hostStep(path, async () => {
    await rm(path, { force: true });
    await syncFolder(dirname(path));
  });
}

/** The file's bytes, or null if there is none. Throws `FILE_NOT_READABLE`, also for one over `maxBytes`. */
export async function readIfThere(path: string, maxBytes: number): Promise<Buffer | null> {
  try {
    const { size } = await stat(path);
    if (size > maxBytes)
      throw new MusterError("FILE_NOT_READABLE", { path, problem: `is over ${maxBytes} bytes` });
    return await readFile(path);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return null;
    if (error instanceof MusterError) throw error;
    throw new MusterError(
      "FILE_NOT_READABLE",
      { path, problem: asMusterError(error).message },
      { cause: error },
    );
  }
}

/** What is at the path, or null. */
export async function statIfThere(path: string): Promise<Stats | null> {
  try {
    return await stat(path);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return null;
    throw error;
  }
}

/** The `errno` name of a system error, or undefined. */
export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

/** Runs a step on the host's files; its failure becomes `HOST_FILE_FAILED`, or `DISK_SHORT` when the disk is full. */
export async function hostStep<T>(path: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    if (error instanceof MusterError) throw error;
    const errno = errnoOf(error);
    if (errno === "ENOSPC" || errno === "EDQUOT")
      throw new MusterError("DISK_SHORT", { path }, { cause: error });
    throw new MusterError(
      "HOST_FILE_FAILED",
      { path, problem: errno ?? asMusterError(error).message },
      { cause: error },
    );
  }
}
