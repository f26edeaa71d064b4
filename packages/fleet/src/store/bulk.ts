import { setImmediate } from "node:timers/promises";
import { CompiledQuery, type Insertable } from "kysely";
import type { Database } from "./database.ts";
import type { Tables } from "./schema.ts";

const ROWS_PER_STATEMENT = 100;
/** After this many statements other work of the process gets its turn. */
const STATEMENTS_PER_TURN = 10;

/**
 * Inserts many rows that all have the same columns; in a transaction if `db` is one. The statement is compiled once, which
 * is what makes 100,000 rows a matter of a second or two.
 */
export async function insertAll<Name extends keyof Tables>(
  db: Database,
  table: Name,
  rows: readonly Insertable<Tables[Name]>[],
): Promise<void> {
  let statement: string | undefined;
  for (let start = 0; start < rows.length; start += ROWS_PER_STATEMENT) {
    const chunk = rows.slice(start, start + ROWS_PER_STATEMENT);
    if (chunk.length < ROWS_PER_STATEMENT || statement === undefined) {
      const query = db.insertInto(table).values(chunk).compile();
      statement = query.sql;
      await db.executeQuery(query);
    } else {
      await db.executeQuery(
        CompiledQuery.raw(
          statement,
          chunk.flatMap((row) => Object.values(row)),
        ),
      );
    }
    if ((start / ROWS_PER_STATEMENT) % STATEMENTS_PER_TURN === STATEMENTS_PER_TURN - 1) await setImmediate();
  }
}

/** The list in pieces that fit one statement's parameters. */
export function chunksOf<T>(items: readonly T[], size = 500): readonly (readonly T[])[] {
  const count = Math.ceil(items.length / size);
  return Array.from({ length: count }, (_, index) => items.slice(index * size, (index + 1) * size));
}
