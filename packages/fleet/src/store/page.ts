import { type Expression, type SelectQueryBuilder, type SqlBool, sql } from "kysely";
import type { Page, PageQuery } from "../ports.ts";
import { decodeCursor, encodeCursor, type Place } from "./cursor.ts";

/** In what order a list is paged. `sort` and `id` together are unique and never null. */
export interface PageOrder<Row> {
  readonly sort: Expression<unknown>;
  readonly id: Expression<unknown>;
  readonly type: "string" | "number";
  readonly descending: boolean;
  readonly placeOf: (row: Row) => Place;
}

/** One page of a query, by keyset: as fast on the last page as on the first, and no row twice when rows come and go. */
export async function readPage<DB, TB extends keyof DB, Row>(
  query: SelectQueryBuilder<DB, TB, Row>,
  { cursor, limit }: PageQuery,
  order: PageOrder<Row>,
): Promise<Omit<Page<Row>, "total">> {
  const direction = order.descending ? "desc" : "asc";
  const from = cursor === undefined ? query : query.where(isAfter(order, decodeCursor(cursor, order.type)));
  const rows = await from
    .orderBy(order.sort, direction)
    .orderBy(order.id, direction)
    .limit(limit + 1)
    .execute();
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  const nextCursor = rows.length > limit && last !== undefined ? encodeCursor(order.placeOf(last)) : null;
  return { items, nextCursor };
}

function isAfter(
  order: Pick<PageOrder<never>, "sort" | "id" | "descending">,
  place: Place,
): Expression<SqlBool> {
  const comparison = order.descending ? sql`<` : sql`>`;
  return sql<SqlBool>`(${order.sort}, ${order.id}) ${comparison} (${place.sort}, ${place.id})`;
}
