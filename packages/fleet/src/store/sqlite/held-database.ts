import { existsSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { MusterError } from "@muster/core";
import { createMigrations } from "../migrations/index.ts";

/** SQLITE_BUSY (sqlite.org/rescode.html): another process has the file. */
const BUSY = 5;

/** A database file that no server can open until it is let go. */
export interface HeldDatabase {
  /** Writes a whole and compact copy to a file that does not exist. Throws `STORE_UNAVAILABLE`. */
  copyTo(path: string): void;
  /** Idempotent. */
  release(): void;
}

/**
 * Holds a database file that exists, as a server does; one that is just ending is waited for `waitMs` milliseconds. What a
 * kill left in its log is moved into the file. Throws `DATA_FOLDER_IN_USE`, `STORE_UNAVAILABLE` for a file that is no
 * database.
 */
export function holdDatabase(path: string, { waitMs = 3000 }: { waitMs?: number } = {}): HeldDatabase {
  if (!existsSync(path))
    throw new MusterError("STORE_UNAVAILABLE", { path, problem: "there is no such file" });
  return using(path, () => {
    const database = new DatabaseSync(path, { timeout: waitMs });
    try {
      database.exec(
        "pragma locking_mode = exclusive; pragma journal_mode = wal; pragma temp_store = memory;",
      );
      database.exec("begin immediate; commit; pragma wal_checkpoint(truncate);");
    } catch (error) {
      database.close();
      throw error;
    }
    return {
      copyTo: (copy) => using(path, () => void database.prepare("vacuum into ?").run(copy)),
      release: () => {
        if (database.isOpen) database.close();
      },
    };
  });
}

/**
 * Checks that a database is whole and that this program can open it; changes nothing. Throws `STORE_UNAVAILABLE`,
 * `STORE_SCHEMA_NEWER`.
 */
export function checkDatabase(path: string): void {
  using(path, () => {
    const database = new DatabaseSync(path, { readOnly: true });
    try {
      const problem = database.prepare("pragma integrity_check(1)").get()?.["integrity_check"];
      if (problem !== "ok") throw new MusterError("STORE_UNAVAILABLE", { path, problem: String(problem) });
      const known = createMigrations({ bytes: "blob" });
      const applied = database.prepare("select name from kysely_migration order by name").all();
      const unknown = applied.map(({ name }) => String(name)).filter((name) => !Object.hasOwn(known, name));
      if (unknown.length > 0) throw new MusterError("STORE_SCHEMA_NEWER", { migrations: unknown });
    } finally {
      database.close();
    }
  });
}

function using<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (!(cause instanceof Error) || cause instanceof MusterError) throw cause;
    const isBusy = "errcode" in cause && typeof cause.errcode === "number" && (cause.errcode & 0xff) === BUSY;
    const code = isBusy ? "DATA_FOLDER_IN_USE" : "STORE_UNAVAILABLE";
    throw new MusterError(code, { path, problem: cause.message }, { cause });
  }
}
