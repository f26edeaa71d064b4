import { dirname } from "node:path";
import type { HostFs } from "../ports.ts";
import { errnoOf } from "./node-host-fs.ts";
import { entryAt, namesIn } from "./reading.ts";

/** Modes of what the updater makes. */
export const PRIVATE_FILE = 0o600;
export const READABLE_FILE = 0o644;
export const PRIVATE_FOLDER = 0o700;
export const READABLE_FOLDER = 0o755;
/** Others may go through it to what they know by name, but not list it. */
export const PASSABLE_FOLDER = 0o711;

/** Makes a file hold exactly these bytes; after a power cut it holds them, or what it held before. */
export function writeDurably(fs: HostFs, path: string, bytes: Uint8Array, mode: number): void {
  const fresh = `${path}.new`;
  removeTree(fs, fresh);
  writeFile(fs, fresh, bytes, mode);
  fs.rename(fresh, path);
  fs.syncFolder(dirname(path));
}

/** Writes a file that is not there yet, and its content durably; its entry is durable once its folder is synced. */
export function writeFile(fs: HostFs, path: string, bytes: Uint8Array, mode: number): void {
  const file = fs.createFile(path, mode);
  try {
    file.write(bytes);
    file.sync();
  } finally {
    file.close();
  }
}

/** Makes a link point at `target`; after a power cut it does, or points where it did before. */
export function pointLink(fs: HostFs, link: string, target: string): void {
  const fresh = `${link}.new`;
  removeTree(fs, fresh);
  fs.createLink(target, fresh);
  fs.rename(fresh, link);
  fs.syncFolder(dirname(link));
}

/** Makes a folder if there is none; what else stands there is left for the next step to fail on. */
export function ensureFolder(fs: HostFs, path: string, mode: number): void {
  if (entryAt(path) !== null) return;
  try {
    fs.createFolder(path, mode);
  } catch (error) {
    // Another process of ours was faster.
    if (errnoOf(error) !== "EEXIST") throw error;
  }
  fs.syncFolder(dirname(path));
}

/** Removes a file, a link or a whole folder, one step at a time. Only for what the agent cannot change meanwhile. */
export function removeTree(fs: HostFs, path: string): void {
  const entry = entryAt(path);
  if (entry === null) return;
  if (!entry.isDirectory()) {
    fs.removeFile(path);
    return;
  }
  for (const name of namesIn(path)) removeTree(fs, `${path}/${name}`);
  fs.removeFolder(path);
}
