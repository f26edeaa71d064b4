import { existsSync } from "node:fs";
import { chown, mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { asMusterError, MusterError } from "@muster/core";
import { checkDatabase, type Clock, type HeldDatabase, holdDatabase } from "@muster/fleet";
import { dataFolderAt, restoringFolder } from "../keeping/data-folder.ts";
import { type BackupFile, type BackupIndex, readBackupIndex } from "./backup-index.ts";
import { copyHashed, syncFolder, syncFolders, writing } from "./copy-file.ts";

export interface RestoreOptions {
  /** Absolute: a folder that `backUp` has written. */
  readonly from: string;
  /** Absolute. */
  readonly dataFolder: string;
  /** Moves a data folder that is there aside. */
  readonly replace: boolean;
  readonly clock: Pick<Clock, "now">;
  /** How long a server that is just ending is waited for, in milliseconds; 3,000 unless told. */
  readonly waitMs?: number;
}

export interface Restored {
  readonly index: BackupIndex;
  /** Where the data folder from before is; null if there was none. */
  readonly movedTo: string | null;
}

/**
 * Makes a data folder from a backup: all of it is copied beside, checked, and renamed into place. Until then nothing is
 * changed; a kill between the two renames leaves what no server starts on, and the same restore again ends it. Throws
 * `BACKUP_INCOMPLETE`, `BACKUP_DAMAGED`, `STORE_SCHEMA_NEWER`, `BACKUP_TARGET_NOT_EMPTY`, `DATA_FOLDER_IN_USE`,
 * `FILE_NOT_READABLE`, `FILE_NOT_WRITABLE`.
 */
export async function restore(options: RestoreOptions): Promise<Restored> {
  const { from, dataFolder, replace } = options;
  const index = await readBackupIndex(from);
  const present = existsSync(dataFolder) ? await readdir(dataFolder) : [];
  if (present.length > 0 && !replace) {
    throw new MusterError("BACKUP_TARGET_NOT_EMPTY", { path: dataFolder, found: present.slice(0, 5) });
  }
  const held = holdPresent(options);
  const staging = restoringFolder(dataFolder);
  // What an interrupted restore left keeps a server from beginning anew, until one succeeds.
  const wasInterrupted = existsSync(staging) && present.length === 0;
  try {
    await stage(index, { from, staging });
    await giveToOwnerOf(dataFolder, staging);
    const movedTo = present.length > 0 ? await moveAside(options) : null;
    // Its log is deleted by its path when it is let go: before another database has that path.
    held?.release();
    await putInPlace(staging, { dataFolder, movedTo });
    return { index, movedTo };
  } catch (error) {
    if (!wasInterrupted) await rm(staging, { recursive: true, force: true });
    throw error;
  } finally {
    held?.release();
  }
}

async function putInPlace(
  staging: string,
  { dataFolder, movedTo }: { readonly dataFolder: string; readonly movedTo: string | null },
): Promise<void> {
  try {
    await writing(dataFolder, () => rename(staging, dataFolder));
  } catch (error) {
    if (movedTo !== null) await writing(dataFolder, () => rename(movedTo, dataFolder));
    throw error;
  }
  await writing(dataFolder, () => syncFolder(dirname(dataFolder)));
}

/** Keeps a server out of what is to be moved. A database that cannot be opened has none, and is no reason not to restore. */
function holdPresent({ dataFolder, waitMs }: RestoreOptions): HeldDatabase | null {
  const { database } = dataFolderAt(dataFolder);
  if (!existsSync(database)) return null;
  try {
    return holdDatabase(database, waitMs === undefined ? {} : { waitMs });
  } catch (cause) {
    const error = asMusterError(cause);
    if (error.code === "STORE_UNAVAILABLE") return null;
    throw error;
  }
}

async function stage(
  index: BackupIndex,
  { from, staging }: { from: string; staging: string },
): Promise<void> {
  await writing(staging, async () => {
    await rm(staging, { recursive: true, force: true });
    await mkdir(staging, { recursive: true, mode: 0o700 });
  });
  for (const file of index.files) await copyChecked(file, { from, staging });
  checkDatabase(dataFolderAt(staging).database);
  await writing(staging, () => syncFolders(staging));
}

async function copyChecked(
  { path, size, sha256 }: BackupFile,
  { from, staging }: { readonly from: string; readonly staging: string },
): Promise<void> {
  const source = join(from, path);
  if (!existsSync(source)) throw new MusterError("BACKUP_DAMAGED", { path, problem: "is missing" });
  const content = await copyHashed(source, join(staging, path));
  if (content.size === size && content.sha256 === sha256) return;
  throw new MusterError("BACKUP_DAMAGED", { path, problem: "is not what was written", expected: sha256 });
}

/** Whoever is root restores for the user that the server runs as. */
async function giveToOwnerOf(dataFolder: string, staging: string): Promise<void> {
  if (process.getuid?.() !== 0 || !existsSync(dataFolder)) return;
  const { uid, gid } = await stat(dataFolder);
  const names = await readdir(staging, { recursive: true });
  for (const path of [staging, ...names.map((name) => join(staging, name))]) {
    await writing(path, () => chown(path, uid, gid));
  }
}

async function moveAside({ dataFolder, clock }: RestoreOptions): Promise<string> {
  const time = new Date(clock.now()).toISOString().replaceAll(/[-:.]/g, "");
  const aside = `${dataFolder}.before-restore-${time}`;
  if (existsSync(aside)) throw new MusterError("BACKUP_TARGET_NOT_EMPTY", { path: aside });
  await writing(aside, () => rename(dataFolder, aside));
  return aside;
}
