import { setImmediate } from "node:timers/promises";
import { type DatabaseConnection, type Dialect, type Driver, sql } from "kysely";
import { type Database, openDialect } from "../store/database.ts";
import { createSqliteDialect } from "../store/sqlite/dialect.ts";

/** What a database that was killed answers to everything. */
export class KilledError extends Error {}

/** What goes wrong: at the n-th commit from now, just before it reaches the disk or just after. */
export interface KillPlan {
  readonly commit: number;
  readonly when: "before" | "after";
  /** The process dies of it; else only this commit says that it failed. */
  readonly isFatal: boolean;
}

/** A database whose process can be killed, and that can tell whether anything uses it. */
export interface WatchedDatabase {
  readonly db: Database;
  commits(): number;
  /** Queries and commits so far. */
  activity(): number;
  killAt(plan: KillPlan): void;
  isKilled(): boolean;
  /** Commits that went wrong as planned. */
  accidents(): number;
  /** Lets go of the file, as the end of the process would. */
  release(): Promise<void>;
}

export async function openWatchedDatabase(path: string): Promise<WatchedDatabase> {
  const inner = createSqliteDialect(path, 0);
  const driver = inner.createDriver();
  let commits = 0;
  let activity = 0;
  let plan: KillPlan | null = null;
  let killed = false;
  let accidents = 0;
  const alive = () => {
    activity += 1;
    if (killed) throw new KilledError("killed");
  };
  const commit = async (connection: DatabaseConnection) => {
    alive();
    const now = plan?.commit === commits + 1 ? plan : null;
    if (now) {
      plan = null;
      accidents += 1;
    }
    if (now?.when === "before") {
      killed = now.isFatal;
      await driver.rollbackTransaction(connection);
      throw new KilledError("killed before the commit");
    }
    await driver.commitTransaction(connection);
    commits += 1;
    if (!now) return;
    killed = now.isFatal;
    throw new KilledError("killed after the commit");
  };
  const watched: Driver = {
    init: () => driver.init(),
    acquireConnection: async () => watch(await driver.acquireConnection(), alive),
    releaseConnection: (connection) => driver.releaseConnection(connection),
    beginTransaction: async (connection, settings) => {
      alive();
      await driver.beginTransaction(connection, settings);
    },
    commitTransaction: commit,
    rollbackTransaction: (connection) => driver.rollbackTransaction(connection),
    destroy: () => driver.destroy(),
  };
  const dialect: Dialect = {
    createDriver: () => watched,
    createQueryCompiler: () => inner.createQueryCompiler(),
    createAdapter: () => inner.createAdapter(),
    createIntrospector: (db) => inner.createIntrospector(db),
  };
  const db = await openDialect(dialect);
  // The death that is played is a process's, not the machine's: waiting for the disk would only cost time.
  await sql`pragma synchronous = off`.execute(db);
  return {
    db,
    commits: () => commits,
    activity: () => activity,
    killAt: (next) => {
      plan = { ...next, commit: commits + next.commit };
    },
    isKilled: () => killed,
    accidents: () => accidents,
    release: () => driver.destroy(),
  };
}

function watch(connection: DatabaseConnection, alive: () => void): DatabaseConnection {
  return {
    executeQuery: async (query) => {
      alive();
      return connection.executeQuery(query);
    },
    streamQuery: (query, chunkSize) => connection.streamQuery(query, chunkSize),
  };
}

/** Turns of the event loop in which nothing happens before it counts as quiet. */
const QUIET_TURNS = 4;

/** Resolves when the database was left alone for a few turns of the event loop: all that follows from what was done is. */
export async function untilQuiet(activity: () => number): Promise<void> {
  let seen = activity();
  for (let quiet = 0; quiet < QUIET_TURNS; quiet += 1) {
    await setImmediate();
    if (activity() !== seen) quiet = -1;
    seen = activity();
  }
}
