import { randomBytes } from "node:crypto";
import { open, readFile, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { MusterError } from "@muster/core";

/**
 * The content of a file that is made once and then kept, readable by its owner only. A file that is there but cannot be
 * used is never replaced: agents know the server by it. Throws `FILE_NOT_READABLE`, `FILE_NOT_WRITABLE`.
 */
export async function keepFile<T>(
  path: string,
  { make, read }: { readonly make: () => Promise<string> | string; readonly read: (text: string) => T },
): Promise<T> {
  const text = await readKept(path);
  if (text !== null) return readingKept(path, () => read(text));
  const made = await make();
  await writeKept(path, made);
  return read(made);
}

/** The file's text; null if there is no such file. */
export async function readKept(path: string): Promise<string | null> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    if (isMissing(cause)) return null;
    throw new MusterError("FILE_NOT_READABLE", { path, problem: messageOf(cause) }, { cause });
  }
}

/** Writes a file whole or not at all, with mode 0600. */
export async function writeKept(path: string, text: string): Promise<void> {
  const draft = `${path}.${randomBytes(6).toString("hex")}.tmp`;
  try {
    const file = await open(draft, "wx", 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, path);
    const folder = await open(dirname(path), "r");
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  } catch (cause) {
    await rm(draft, { force: true });
    throw new MusterError("FILE_NOT_WRITABLE", { path, problem: messageOf(cause) }, { cause });
  }
}

/** Reads what a file holds; whatever is wrong with it is `FILE_NOT_READABLE` with its path. */
export function readingKept<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new MusterError("FILE_NOT_READABLE", { path, problem: messageOf(cause) }, { cause });
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
