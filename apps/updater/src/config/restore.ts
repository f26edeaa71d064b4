import { dirname } from "node:path";
import { READABLE_FOLDER, removeTree } from "../fs/durable.ts";
import { foldersOf } from "../fs/folders-of.ts";
import { entryAt } from "../fs/reading.ts";
import type { Host, HostFs } from "../ports.ts";
import { backUpConfig, backupFolder } from "./backup.ts";
import { configContent, configFiles, type ConfigFile } from "./config-files.ts";

/** The owner's word on updates is never taken back with a version. */
const NEVER_RESTORED = new Set(["policy.json"]);

export interface Restore {
  /** The version that was running when the configuration was as it is wanted. */
  readonly of: string;
  /** The version that leaves; the configuration as it has it now is kept as its backup. */
  readonly leaving: string;
}

/**
 * Makes the configuration what it was before the switch away from a version: same files, same content, mode and owner.
 * Files that are the same are not touched, so a configuration that cannot be written is no trouble unless it changed.
 * Idempotent. Throws `HOST_FILE_FAILED`, `DISK_SHORT`, `FILE_NOT_READABLE`.
 */
export function restoreConfig(host: Host, { of, leaving }: Restore): void {
  const { fs, layout } = host;
  const from = `${backupFolder(host, of)}/config`;
  if (entryAt(from) === null) return;
  const wanted = configFiles(from).filter(({ path }) => !NEVER_RESTORED.has(path));
  const present = configFiles(layout.config).filter(({ path }) => !NEVER_RESTORED.has(path));
  const changed = wanted.filter((file) => !isSame(from, layout.config, file));
  const paths = new Set(wanted.map(({ path }) => path));
  const extra = present.filter(({ path }) => !paths.has(path));
  if (changed.length === 0 && extra.length === 0) return;
  backUpConfig(host, leaving);
  for (const { path } of extra) fs.removeFile(`${layout.config}/${path}`);
  for (const folder of foldersOf(wanted.map(({ path }) => path)))
    makeFolder(fs, `${layout.config}/${folder}`);
  for (const file of changed) bringBack(fs, { from, to: layout.config, file });
  const touched = new Set([...changed, ...extra].map(({ path }) => dirname(`${layout.config}/${path}`)));
  for (const folder of touched) if (entryAt(folder)?.isDirectory()) fs.syncFolder(folder);
}

function isSame(from: string, to: string, { path, mode }: ConfigFile): boolean {
  const entry = entryAt(`${to}/${path}`);
  if (entry === null || !entry.isFile() || (entry.mode & 0o777) !== mode) return false;
  const [wanted, present] = [configContent(from, path), configContent(to, path)];
  return wanted !== null && present !== null && Buffer.compare(wanted, present) === 0;
}

function makeFolder(fs: HostFs, path: string): void {
  const entry = entryAt(path);
  if (entry?.isDirectory()) return;
  if (entry !== null) fs.removeFile(path);
  fs.createFolder(path, READABLE_FOLDER);
}

function bringBack(
  fs: HostFs,
  { from, to, file }: { readonly from: string; readonly to: string; readonly file: ConfigFile },
): void {
  const content = configContent(from, file.path);
  if (content === null) return;
  const place = `${to}/${file.path}`;
  const fresh = `${place}.restoring`;
  removeTree(fs, fresh);
  const copy = fs.createFile(fresh, file.mode, file);
  try {
    copy.write(content);
    copy.sync();
  } finally {
    copy.close();
  }
  if (entryAt(place)?.isDirectory()) removeTree(fs, place);
  fs.rename(fresh, place);
}
