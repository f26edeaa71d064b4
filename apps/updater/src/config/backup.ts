import { ensureFolder, PRIVATE_FILE, PRIVATE_FOLDER, removeTree, writeFile } from "../fs/durable.ts";
import { foldersOf } from "../fs/folders-of.ts";
import { entryAt } from "../fs/reading.ts";
import { gatewayOf } from "../gateway/gateway-address.ts";
import type { Host, HostFs } from "../ports.ts";
import { configContent, configFiles, type ConfigFile } from "./config-files.ts";

/** Where the backup made at the switch away from a version stands. */
export function backupFolder({ layout }: Pick<Host, "layout">, version: string): string {
  return `${layout.backups}/${version}`;
}

/**
 * Keeps the configuration as it is now, and which gateway this version was connected to, as what `version` was last
 * running with. It replaces the backup before it in one step. Throws `HOST_FILE_FAILED`, `DISK_SHORT`.
 */
export function backUpConfig(host: Host, version: string): void {
  const { fs, layout } = host;
  const work = `${layout.temporary}/backup`;
  removeTree(fs, work);
  removeTree(fs, `${work}.replaced`);
  fs.createFolder(work, PRIVATE_FOLDER);
  copyConfig(fs, layout.config, `${work}/config`);
  const gateway = gatewayOf(layout);
  if (gateway !== null) {
    const text = JSON.stringify({ schema: 1, ...gateway });
    writeFile(fs, `${work}/gateway.json`, new TextEncoder().encode(text), PRIVATE_FILE);
  }
  fs.syncFolder(work);
  const place = backupFolder(host, version);
  ensureFolder(fs, layout.backups, PRIVATE_FOLDER);
  if (entryAt(place) !== null) fs.rename(place, `${work}.replaced`);
  fs.rename(work, place);
  fs.syncFolder(layout.backups);
  removeTree(fs, `${work}.replaced`);
}

function copyConfig(fs: HostFs, from: string, to: string): void {
  const files = configFiles(from);
  const folders = foldersOf(files.map(({ path }) => path));
  fs.createFolder(to, PRIVATE_FOLDER);
  for (const folder of folders) fs.createFolder(`${to}/${folder}`, PRIVATE_FOLDER);
  for (const file of files) copyFile(fs, { from, to, file });
  for (const folder of folders.toReversed()) fs.syncFolder(`${to}/${folder}`);
  fs.syncFolder(to);
}

function copyFile(
  fs: HostFs,
  { from, to, file }: { readonly from: string; readonly to: string; readonly file: ConfigFile },
): void {
  const content = configContent(from, file.path);
  // Removed since it was listed: then it is not part of the configuration.
  if (content === null) return;
  const copy = fs.createFile(`${to}/${file.path}`, file.mode, file);
  try {
    copy.write(content);
    copy.sync();
  } finally {
    copy.close();
  }
}
