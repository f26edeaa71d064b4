import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { MusterError, parse } from "@muster/core";

/** Written last: a folder without it is no backup. */
export const INDEX_FILE = "backup.json";
/** Of the index; a backup with a larger one was made by a newer version. */
export const BACKUP_SCHEMA = 1;

/** Without these agents do not know the restored server. */
const REQUIRED = ["muster.db", "authority.pem", "assignment-key.pem"];
/** Beside the database and the objects. The trust anchor is there where nobody names another place. */
export const SINGLE_FILES = [
  "authority.pem",
  "gateway.pem",
  "assignment-key.pem",
  "secrets.key",
  "trust-anchor.json",
] as const;
/** Exactly what a backup can hold, so that a name never leads out of the folder. */
const PATH =
  /^(?:muster\.db|authority\.pem|gateway\.pem|assignment-key\.pem|secrets\.key|trust-anchor\.json|objects\/sha256\/([0-9a-f]{2})\/\1[0-9a-f]{62})$/;
const FILES_MAX = 1_000_000;

export interface BackupFile {
  /** In the backup and in the data folder, with `/`. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  readonly sha256: string;
}

/** What is in a backup. */
export interface BackupIndex {
  readonly schema: typeof BACKUP_SCHEMA;
  /** RFC 3339, in UTC. */
  readonly createdAt: string;
  readonly musterVersion: string;
  readonly files: readonly BackupFile[];
}

const decodeSchema = parse.integer({ min: 1 });
const decodeFile = parse.object({
  path: parse.string({ pattern: PATH, what: "the name of a file of the data folder" }),
  size: parse.integer(),
  sha256: parse.string({ pattern: /^[0-9a-f]{64}$/, what: "a SHA-256 in hexadecimal" }),
});
const decodeIndex = parse.object({
  schema: parse.literal(BACKUP_SCHEMA),
  createdAt: parse.string({ pattern: /^\d{4}-\d\d-\d\dT[\d:.]+Z$/, what: "a date and time in UTC" }),
  musterVersion: parse.string({ max: 128 }),
  files: parse.array(decodeFile, { max: FILES_MAX }),
});

/** Throws `BACKUP_DAMAGED`, `STORE_SCHEMA_NEWER`. */
export function parseBackupIndex(text: string): BackupIndex {
  const raw = parse.decodeJson((value) => value, text, "BACKUP_DAMAGED");
  const schema =
    typeof raw === "object" && raw !== null && "schema" in raw
      ? parse.decode(decodeSchema, raw.schema, "BACKUP_DAMAGED")
      : undefined;
  if (schema !== undefined && schema > BACKUP_SCHEMA) throw new MusterError("STORE_SCHEMA_NEWER", { schema });
  const index = parse.decode(decodeIndex, raw, "BACKUP_DAMAGED");
  const paths = new Set(index.files.map(({ path }) => path));
  if (paths.size < index.files.length) {
    throw new MusterError("BACKUP_DAMAGED", { field: "files", problem: "names a file twice" });
  }
  const missing = REQUIRED.filter((path) => !paths.has(path));
  if (missing.length > 0) throw new MusterError("BACKUP_DAMAGED", { field: "files", missing });
  return index;
}

/** Throws `BACKUP_INCOMPLETE` for a folder without an index, and what `parseBackupIndex` throws. */
export async function readBackupIndex(folder: string): Promise<BackupIndex> {
  const path = join(folder, INDEX_FILE);
  const text = await readFile(path, "utf8").catch((cause: NodeJS.ErrnoException) => {
    const code = ["ENOENT", "ENOTDIR"].includes(cause.code ?? "") ? "BACKUP_INCOMPLETE" : "FILE_NOT_READABLE";
    throw new MusterError(code, { path, problem: cause.message }, { cause });
  });
  return parseBackupIndex(text);
}
