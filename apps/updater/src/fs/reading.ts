import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
} from "node:fs";
import type { Stats } from "node:fs";
import { MusterError } from "@muster/core";
import { errnoOf } from "./node-host-fs.ts";

export interface ReadRules {
  /** A larger file is refused with `FILE_NOT_READABLE`. */
  readonly maxBytes: number;
  /** Whether the path may be a link; never where the agent can make one. */
  readonly followLink?: boolean;
}

/** An open plain file. */
export interface OpenFile {
  readonly descriptor: number;
  readonly sizeBytes: number;
}

/**
 * Gives a plain file to `use` and closes it; null if there is none. `FILE_NOT_READABLE` for a link (unless it may be
 * one), a folder, a pipe or a device, which are not even waited for.
 */
export function withFile<T>(path: string, followLink: boolean, use: (file: OpenFile) => T): T | null {
  const link = followLink ? 0 : constants.O_NOFOLLOW;
  // O_NONBLOCK: opening a pipe without a writer must not hang.
  const flags = constants.O_RDONLY | constants.O_NONBLOCK | link;
  let descriptor: number;
  try {
    descriptor = openSync(path, flags);
  } catch (cause) {
    const errno = errnoOf(cause);
    if (errno === "ENOENT" || errno === "ENOTDIR") return null;
    throw unreadable(path, errno === "ELOOP" ? "is a link" : (errno ?? "unknown"), cause);
  }
  try {
    const stats = fstatSync(descriptor);
    if (!stats.isFile()) throw unreadable(path, "is not a plain file");
    return use({ descriptor, sizeBytes: stats.size });
  } finally {
    closeSync(descriptor);
  }
}

/** The content of a small file; null if there is none. `FILE_NOT_READABLE` as `withFile`, and for a large one. */
export function readSmallFile(path: string, { maxBytes, followLink = false }: ReadRules): Uint8Array | null {
  return withFile(path, followLink, ({ descriptor, sizeBytes }) => {
    if (sizeBytes > maxBytes) throw unreadable(path, `is over ${maxBytes} bytes`);
    // One byte more than there should be shows that it grew while it was read.
    const buffer = new Uint8Array(sizeBytes + 1);
    let length = 0;
    for (let read = -1; read !== 0 && length < buffer.byteLength; length += read) {
      read = readSync(descriptor, buffer, length, buffer.byteLength - length, null);
    }
    if (length > sizeBytes) throw unreadable(path, "grew while it was read");
    return buffer.subarray(0, length);
  });
}

/** The same as text; bytes that are not UTF-8 become U+FFFD, which no format of ours accepts. */
export function readSmallText(path: string, rules: ReadRules): string | null {
  const bytes = readSmallFile(path, rules);
  return bytes === null ? null : new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
}

/** What stands at a path, a link being a link; null for nothing. */
export function entryAt(path: string): Stats | null {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) ?? null;
  } catch (error) {
    // A file stands where the path has a folder.
    if (errnoOf(error) === "ENOTDIR") return null;
    throw error;
  }
}

/** Where a link points; null if there is none, or it is no link. */
export function linkTarget(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch (error) {
    if (["ENOENT", "EINVAL", "ENOTDIR"].includes(errnoOf(error) ?? "")) return null;
    throw unreadable(path, errnoOf(error) ?? "unknown", error);
  }
}

/** The names in a folder, sorted; none if there is no such folder. */
export function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).toSorted();
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes(errnoOf(error) ?? "")) return [];
    throw unreadable(folder, errnoOf(error) ?? "unknown", error);
  }
}

function unreadable(path: string, problem: string, cause?: unknown): MusterError {
  return new MusterError("FILE_NOT_READABLE", { path, problem }, { cause });
}
