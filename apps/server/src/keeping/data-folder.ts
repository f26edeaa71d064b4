import { existsSync } from "node:fs";
import { chmod, mkdir, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { MusterError } from "@muster/core";

/** Where things are in the data folder. */
export interface DataFolder {
  readonly database: string;
  readonly objects: string;
  readonly authority: string;
  readonly gateway: string;
  readonly assignmentKey: string;
  readonly secretsKey: string;
}

const OWNER_ONLY = 0o700;
/** What a person or a mounted volume may have put there before the first start. */
const NOT_OURS_BUT_FINE = ["trust-anchor.json", "lost+found"];

/**
 * Makes the data folder, or takes one that is empty or ours, and closes it to other users. Throws
 * `SERVER_CONFIG_INVALID` for a folder with other things in it, whose permissions are not ours to change;
 * `RESTORE_UNFINISHED`.
 */
export async function prepareDataFolder(path: string): Promise<DataFolder> {
  const folder = dataFolderAt(path);
  try {
    await requireRestored(path);
    await mkdir(path, { recursive: true, mode: OWNER_ONLY });
    const entries = (await readdir(path)).filter((name) => !NOT_OURS_BUT_FINE.includes(name));
    if (entries.length > 0 && !entries.includes("muster.db")) throw foreign(path, entries);
    if (((await stat(path)).mode & 0o077) !== 0) await chmod(path, OWNER_ONLY);
    return folder;
  } catch (cause) {
    if (cause instanceof MusterError) throw cause;
    const problem = cause instanceof Error ? cause.message : String(cause);
    throw new MusterError(
      "SERVER_CONFIG_INVALID",
      { setting: "--data (MUSTER_DATA)", path, problem },
      { cause },
    );
  }
}

export function dataFolderAt(path: string): DataFolder {
  return {
    database: join(path, "muster.db"),
    objects: join(path, "objects"),
    authority: join(path, "authority.pem"),
    gateway: join(path, "gateway.pem"),
    assignmentKey: join(path, "assignment-key.pem"),
    secretsKey: join(path, "secrets.key"),
  };
}

/** Where a restore puts together what then becomes the data folder. */
export function restoringFolder(path: string): string {
  return `${path}.restoring`;
}

/** A server that began anew between the two renames of a restore would be one that no agent knows. */
async function requireRestored(path: string): Promise<void> {
  if (existsSync(path) && (await readdir(path)).length > 0) return;
  const restoring = restoringFolder(path);
  if (existsSync(restoring)) throw new MusterError("RESTORE_UNFINISHED", { path, restoring });
}

function foreign(path: string, entries: readonly string[]): MusterError {
  return new MusterError("SERVER_CONFIG_INVALID", {
    setting: "--data (MUSTER_DATA)",
    path,
    found: entries.slice(0, 5),
    problem: "is neither empty nor a data folder of Muster",
  });
}
