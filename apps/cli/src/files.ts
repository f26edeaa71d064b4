import { open, readFile, rename, rm, stat } from "node:fs/promises";
import { MusterError } from "@muster/core";

/** The content of a small file; `FILE_NOT_READABLE` also when it is larger than `maxBytes`. */
export async function readSmallFile(path: string, maxBytes: number): Promise<Uint8Array> {
  const { size } = await statFile(path);
  if (size > maxBytes)
    throw new MusterError("FILE_NOT_READABLE", { path, problem: `is over ${maxBytes} bytes` });
  return reading(path, async () => new Uint8Array(await readFile(path)));
}

/** The content of a small file, or null if there is none. */
export async function readSmallFileIfAny(path: string, maxBytes: number): Promise<Uint8Array | null> {
  return (await exists(path)) ? readSmallFile(path, maxBytes) : null;
}

export async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (isCode(error, "ENOENT") || isCode(error, "ENOTDIR")) return false;
    throw fileError("FILE_NOT_READABLE", path, error);
  }
}

export async function statFile(path: string): Promise<{ readonly size: number; readonly isFolder: boolean }> {
  const found = await reading(path, () => stat(path));
  return { size: found.size, isFolder: found.isDirectory() };
}

/** Runs something that reads `path`; its failure becomes `FILE_NOT_READABLE`. */
export async function reading<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw error instanceof MusterError ? error : fileError("FILE_NOT_READABLE", path, error);
  }
}

export interface WriteOptions {
  /** Access for others: 0o644 unless told. */
  readonly mode?: number;
  /** Whether a file that is there may be replaced; otherwise it is an error. */
  readonly replace: boolean;
}

/** Writes a file whole or not at all, and to disk; `FILE_NOT_WRITABLE`. */
export async function writeWholeFile(
  path: string,
  content: Uint8Array | string,
  { mode = 0o644, replace }: WriteOptions,
): Promise<void> {
  // A file that must be new is made under its own name, so that two at once cannot both win.
  const place = replace ? `${path}.${process.pid}.tmp` : path;
  try {
    const file = await open(place, "wx", mode);
    try {
      await file.writeFile(content);
      await file.sync();
    } catch (error) {
      await rm(place, { force: true });
      throw error;
    } finally {
      await file.close();
    }
    if (replace) await rename(place, path);
  } catch (error) {
    throw fileError("FILE_NOT_WRITABLE", path, error);
  }
}

function fileError(
  code: "FILE_NOT_READABLE" | "FILE_NOT_WRITABLE",
  path: string,
  cause: unknown,
): MusterError {
  return new MusterError(code, { path, problem: problemOf(cause) }, { cause });
}

function problemOf(cause: unknown): string {
  for (const [code, problem] of Object.entries(PROBLEMS)) if (isCode(cause, code)) return problem;
  return cause instanceof Error ? cause.message : String(cause);
}

const PROBLEMS: Readonly<Record<string, string>> = {
  ENOENT: "does not exist",
  EEXIST: "exists already",
  EACCES: "permission denied",
  EISDIR: "is a folder",
  ENOTDIR: "a part of the path is not a folder",
  ENOSPC: "no space left",
};

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
