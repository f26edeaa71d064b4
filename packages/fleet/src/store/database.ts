import { asMusterError, MusterError } from "@muster/core";
import { type Dialect, Kysely, sql } from "kysely";
import { Migrator } from "kysely/migration";
import { createMigrations } from "./migrations/index.ts";
import type { Tables } from "./schema.ts";
import { createSqliteDialect } from "./sqlite/dialect.ts";

/** The control plane's database. */
export type Database = Kysely<Tables>;

/**
 * Opens or makes the embedded database and brings its schema up to date, all of it or nothing. `path` is a file, or
 * `:memory:`. One process has it at a time; one that is just ending is waited for `waitMs` milliseconds (3,000). Throws
 * `STORE_UNAVAILABLE`, or `STORE_SCHEMA_NEWER` without changing anything. End with `destroy()`.
 */
export function openDatabase({ path, waitMs = 3000 }: DatabaseOptions): Promise<Database> {
  return openDialect(createSqliteDialect(path, waitMs));
}

/** The same over any dialect that speaks SQLite. */
export async function openDialect(dialect: Dialect): Promise<Database> {
  const db = new Kysely<Tables>({ dialect });
  try {
    await migrate(db);
    return db;
  } catch (error) {
    await db.destroy();
    throw asMusterError(error, "STORE_UNAVAILABLE");
  }
}

export interface DatabaseOptions {
  readonly path: string;
  readonly waitMs?: number;
}

async function migrate(db: Database): Promise<void> {
  const migrations = createMigrations({ bytes: "blob" });
  const unknown = (await appliedMigrations(db)).filter((name) => !Object.hasOwn(migrations, name));
  if (unknown.length > 0) throw new MusterError("STORE_SCHEMA_NEWER", { migrations: unknown });
  const migrator = new Migrator({ db, provider: { getMigrations: () => Promise.resolve(migrations) } });
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined) throw error;
}

async function appliedMigrations(db: Database): Promise<string[]> {
  const tables = await db.introspection.getTables({ withInternalKyselyTables: true });
  if (!tables.some(({ name }) => name === "kysely_migration")) return [];
  const { rows } = await sql<{ name: string }>`select name from kysely_migration order by name`.execute(db);
  return rows.map(({ name }) => name);
}
