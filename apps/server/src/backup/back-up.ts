import { existsSync } from "node:fs";
import { chmod, mkdir, readdir, rm } from "node:fs/promises";
import { join, sep } from "node:path";
import { MusterError } from "@muster/core";
import { checkDatabase, type Clock, holdDatabase } from "@muster/fleet";
import { dataFolderAt } from "../keeping/data-folder.ts";
import { writeKept } from "../keeping/kept-file.ts";
import {
  BACKUP_SCHEMA,
  type BackupFile,
  type BackupIndex,
  INDEX_FILE,
  SINGLE_FILES,
} from "./backup-index.ts";
import { copyHashed, readHashed, syncFolders, writing } from "./copy-file.ts";

const SHA256 = /^[0-9a-f]{64}$/;

export interface BackUpOptions {
  /** Absolute. */
  readonly dataFolder: string;
  /** Absolute; empty, or made. */
  readonly to: string;
  readonly musterVersion: string;
  readonly clock: Pick<Clock, "now">;
  /** How long a server that is just ending is waited for, in milliseconds; 3,000 unless told. */
  readonly waitMs?: number;
}

export interface BackedUp {
  readonly index: BackupIndex;
  /** Objects of the data folder that are not what their name says; they are not in the backup. */
  readonly damaged: readonly string[];
}

/**
 * Copies a data folder that no server uses, and keeps servers out meanwhile. The index comes last, so what a kill leaves is
 * refused by `restore`. Throws `DATA_FOLDER_IN_USE`, `BACKUP_TARGET_NOT_EMPTY`, `SERVER_CONFIG_INVALID` for what is no data
 * folder, `STORE_UNAVAILABLE` for a damaged database, `STORE_SCHEMA_NEWER`, `FILE_NOT_READABLE`, `FILE_NOT_WRITABLE`.
 */
export async function backUp(options: BackUpOptions): Promise<BackedUp> {
  const { dataFolder, to, waitMs } = options;
  const { database } = dataFolderAt(dataFolder);
  if (!existsSync(database)) {
    const problem = "is not a data folder of Muster";
    throw new MusterError("SERVER_CONFIG_INVALID", { setting: "--data", path: dataFolder, problem });
  }
  if (`${to}${sep}`.startsWith(`${dataFolder}${sep}`)) {
    const problem = "a backup within the data folder is lost with it";
    throw new MusterError("USAGE_INVALID", { flag: "--to", path: to, problem });
  }
  const held = holdDatabase(database, waitMs === undefined ? {} : { waitMs });
  try {
    await makeEmpty(to);
    const copy = join(to, "muster.db");
    held.copyTo(copy);
    await writing(copy, () => chmod(copy, 0o600));
    checkDatabase(copy);
    const files: BackupFile[] = [{ path: "muster.db", ...(await readHashed(copy)) }];
    for (const path of SINGLE_FILES) {
      const from = join(dataFolder, path);
      if (existsSync(from)) files.push({ path, ...(await copyHashed(from, join(to, path))) });
    }
    const damaged = await copyObjects(options, files);
    const index = indexOf(options, files);
    await writing(to, () => syncFolders(to));
    await writeKept(join(to, INDEX_FILE), `${JSON.stringify(index, null, 2)}\n`);
    return { index, damaged };
  } finally {
    held.release();
  }
}

function indexOf({ clock, musterVersion }: BackUpOptions, files: readonly BackupFile[]): BackupIndex {
  return { schema: BACKUP_SCHEMA, createdAt: new Date(clock.now()).toISOString(), musterVersion, files };
}

async function makeEmpty(folder: string): Promise<void> {
  const entries = await writing(folder, async () => {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return readdir(folder);
  });
  if (entries.length > 0) {
    throw new MusterError("BACKUP_TARGET_NOT_EMPTY", { path: folder, found: entries.slice(0, 5) });
  }
  await writing(folder, () => chmod(folder, 0o700));
}

/** Adds every object that is what its name says; answers the others. */
async function copyObjects({ dataFolder, to }: BackUpOptions, files: BackupFile[]): Promise<string[]> {
  const damaged: string[] = [];
  const root = join(dataFolder, "objects", "sha256");
  if (!existsSync(root)) return damaged;
  for (const shard of (await readdir(root)).toSorted()) {
    for (const name of (await readdir(join(root, shard))).toSorted()) {
      if (!SHA256.test(name) || !name.startsWith(shard)) continue;
      const path = `objects/sha256/${shard}/${name}`;
      const target = join(to, path);
      const content = await copyHashed(join(dataFolder, path), target);
      if (content.sha256 === name) files.push({ path, ...content });
      else {
        damaged.push(path);
        await writing(target, () => rm(target));
      }
    }
  }
  return damaged;
}
