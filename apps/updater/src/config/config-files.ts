import { lstatSync } from "node:fs";
import { MusterError } from "@muster/core";
import { namesIn, readSmallFile } from "../fs/reading.ts";

/** A plain file of the configuration, as it is kept and brought back. */
export interface ConfigFile {
  /** Relative to the folder. */
  readonly path: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** What a configuration may hold so that it is backed up at every update. */
const MAX_FILES = 2000;
export const CONFIG_FILE_MAX_BYTES = 16 * 1024 * 1024;
const MAX_BYTES = 64 * 1024 * 1024;

/**
 * The plain files below a folder, in order. Links, pipes and devices are not part of a backup: what a link points at is
 * somebody else's. Throws `HOST_FILE_FAILED` if there are too many, or too much.
 */
export function configFiles(folder: string): readonly ConfigFile[] {
  const files = filesBelow(folder, "");
  const sizeBytes = files.reduce((sum, file) => sum + file.sizeBytes, 0);
  if (files.length > MAX_FILES || sizeBytes > MAX_BYTES) {
    throw new MusterError("HOST_FILE_FAILED", {
      path: folder,
      problem: `holds ${files.length} files with ${sizeBytes} bytes; at most ${MAX_FILES} and ${MAX_BYTES} are backed up`,
    });
  }
  return files;
}

/** The content of one file; null if there is none, or something else stands there. */
export function configContent(folder: string, path: string): Uint8Array | null {
  const file = `${folder}/${path}`;
  if (!(lstatSync(file, { throwIfNoEntry: false })?.isFile() ?? false)) return null;
  return readSmallFile(file, { maxBytes: CONFIG_FILE_MAX_BYTES });
}

function filesBelow(
  folder: string,
  prefix: string,
): readonly (ConfigFile & { readonly sizeBytes: number })[] {
  return namesIn(folder).flatMap((name) => {
    const entry = lstatSync(`${folder}/${name}`);
    const path = `${prefix}${name}`;
    if (entry.isDirectory()) return filesBelow(`${folder}/${name}`, `${path}/`);
    if (!entry.isFile()) return [];
    return [{ path, mode: entry.mode & 0o777, uid: entry.uid, gid: entry.gid, sizeBytes: entry.size }];
  });
}
