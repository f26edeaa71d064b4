import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { MusterError } from "@muster/core";
import type { CompiledQuery, DatabaseConnection, QueryResult } from "kysely";

/** Prepared statements kept; the oldest is dropped. Larger than the number of different queries we have. */
const STATEMENTS_KEPT = 400;
/** SQLITE_CONSTRAINT and SQLITE_ERROR: the query's own fault, not the store's (sqlite.org/rescode.html). */
const CONSTRAINT = 19;
const QUERY_FAULT = 1;

/** One SQLite database file. Everything it does is synchronous; the promises are the interface's. */
export class SqliteConnection implements DatabaseConnection {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, { statement: StatementSync; returnsRows: boolean }>();

  /** Opens or makes the file; `:memory:` for none. Throws `STORE_UNAVAILABLE`, also when another process has it. */
  constructor(path: string, waitMs: number) {
    this.#database = guarded(() => openFile(path, waitMs));
  }

  executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
    try {
      return Promise.resolve(guarded(() => this.#run<R>(sql, parameters)));
    } catch (error) {
      // Only what `guarded` throws; the interface asks for a rejection.
      return Promise.reject(error instanceof Error ? error : new Error(String(error)));
    }
  }

  async *streamQuery<R>(query: CompiledQuery): AsyncIterableIterator<QueryResult<R>> {
    yield await this.executeQuery<R>(query);
  }

  begin(): void {
    // Immediate, so that a transaction that reads first cannot fail when it comes to write.
    guarded(() => this.#run("begin immediate", []));
  }

  commit(): void {
    guarded(() => this.#run("commit", []));
  }

  /** Does nothing where SQLite has rolled back by itself, as it does when the disk is full. */
  rollback(): void {
    if (this.#database.isTransaction) guarded(() => this.#run("rollback", []));
  }

  close(): void {
    this.#statements.clear();
    if (this.#database.isOpen) this.#database.close();
  }

  #run<R>(sql: string, parameters: readonly unknown[]): QueryResult<R> {
    const { statement, returnsRows } = this.#prepare(sql);
    const values = parameters as readonly SQLInputValue[];
    if (returnsRows) return { rows: statement.all(...values) as R[] };
    const { changes } = statement.run(...values);
    return { rows: [], numAffectedRows: BigInt(changes) };
  }

  #prepare(sql: string): { statement: StatementSync; returnsRows: boolean } {
    const known = this.#statements.get(sql);
    if (known) return known;
    const statement = this.#database.prepare(sql);
    const prepared = { statement, returnsRows: statement.columns().length > 0 };
    this.#statements.set(sql, prepared);
    const [oldest] = this.#statements.keys();
    if (this.#statements.size > STATEMENTS_KEPT && oldest !== undefined) this.#statements.delete(oldest);
    return prepared;
  }
}

function openFile(path: string, waitMs: number): DatabaseSync {
  const database = new DatabaseSync(path, {
    timeout: waitMs,
    enableForeignKeyConstraints: true,
    enableDoubleQuotedStringLiterals: false,
  });
  try {
    // Exclusive: two servers on one file would both be the controller. Taken at the first write, kept until the end.
    database.exec("pragma locking_mode = exclusive; pragma journal_mode = wal; pragma synchronous = full;");
    database.exec("pragma temp_store = memory; pragma cache_size = -65536;");
    // What a rollout of 100,000 leaves in the log is given back after it.
    database.exec("pragma journal_size_limit = 16777216; begin immediate; commit;");
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Wraps the store's own failures as `STORE_UNAVAILABLE`; a broken constraint is `RESOURCE_CONFLICT`. */
function guarded<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw wrapped(error);
  }
}

function wrapped(error: unknown): unknown {
  if (!(error instanceof Error) || !("errcode" in error) || typeof error.errcode !== "number") return error;
  const primary = error.errcode & 0xff;
  if (primary === QUERY_FAULT) return error;
  const code = primary === CONSTRAINT ? "RESOURCE_CONFLICT" : "STORE_UNAVAILABLE";
  return new MusterError(code, { problem: error.message }, { cause: error });
}
