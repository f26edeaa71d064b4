import type { Report } from "../terminal/report.ts";

/** Rows that a list shows unless told. */
export const DEFAULT_LIMIT = 100;
/** Rows that the server gives at once. */
const PAGE_MAX = 500;

export interface Page<T> {
  readonly items: readonly T[];
  readonly nextCursor: string | null;
  readonly total: number;
}

/** Reads pages until `limit` items are there; 0 is all. Says so where there are more. */
export async function readList<T>(
  readPage: (query: { readonly limit: number; readonly cursor: string | undefined }) => Promise<Page<T>>,
  { limit, report }: { readonly limit: number; readonly report: Report },
): Promise<Page<T>> {
  const wanted = limit === 0 ? Number.POSITIVE_INFINITY : limit;
  const items: T[] = [];
  let cursor: string | undefined;
  for (;;) {
    const page = await readPage({ limit: Math.min(PAGE_MAX, wanted - items.length), cursor });
    items.push(...page.items);
    if (page.nextCursor === null || items.length >= wanted) {
      if (page.total === 0) report.remark("There are none.");
      if (items.length < page.total)
        report.remark(`${items.length} of ${page.total} are shown; see --limit.`);
      return { items, nextCursor: page.nextCursor, total: page.total };
    }
    cursor = page.nextCursor;
  }
}
