import {
  type DatabaseConnection,
  type Dialect,
  type Driver,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from "kysely";
import { SqliteConnection } from "./connection.ts";
import { createTurnstile } from "./turnstile.ts";

/** Kysely on Node's own SQLite: one connection, one user of it at a time, in the order they came. */
export function createSqliteDialect(path: string, waitMs: number): Dialect {
  return {
    createDriver: () => createDriver(() => new SqliteConnection(path, waitMs)),
    createQueryCompiler: () => new SqliteQueryCompiler(),
    createAdapter: () => new NodeSqliteAdapter(),
    createIntrospector: (db) => new SqliteIntrospector(db),
  };
}

class NodeSqliteAdapter extends SqliteAdapter {
  /** The driver queues by itself. */
  override get supportsMultipleConnections(): true {
    return true;
  }
  /** SQLite does; migrations are all or nothing. */
  override get supportsTransactionalDdl(): true {
    return true;
  }
}

function createDriver(open: () => SqliteConnection): Driver {
  const turnstile = createTurnstile();
  let opened: SqliteConnection | undefined;
  const connection = (): SqliteConnection => (opened ??= open());
  return {
    init: async () => void connection(),
    acquireConnection: async (): Promise<DatabaseConnection> => {
      await turnstile.enter();
      return connection();
    },
    releaseConnection: async () => turnstile.leave(),
    beginTransaction: async () => connection().begin(),
    commitTransaction: async () => connection().commit(),
    rollbackTransaction: async () => connection().rollback(),
    destroy: async () => opened?.close(),
  };
}
