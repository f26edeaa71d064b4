import { sql } from "kysely";
import type { Page, PageQuery } from "../ports.ts";
import type { Database } from "../store/database.ts";
import { readPage } from "../store/page.ts";
import type { ArtifactRow } from "../store/schema.ts";
import type { ReleaseQuery } from "./ports.ts";
import { RELEASE_COLUMNS, type ReleaseColumns } from "./release-rows.ts";

/** A release and its artifacts, as they are stored. */
export interface WholeRelease {
  readonly release: ReleaseColumns;
  readonly artifacts: readonly ArtifactRow[];
}

/** A page of releases, newest first, those of the same moment by name. */
export async function listReleaseRows(db: Database, query: ReleaseQuery): Promise<Page<WholeRelease>> {
  let matching = db.selectFrom("releases");
  if (query.product !== undefined) matching = matching.where("product", "=", query.product);
  const page = await readPage(matching.select(RELEASE_COLUMNS), query satisfies PageQuery, {
    sort: sql.ref("published_at"),
    id: sql`product || ' ' || version`,
    type: "number",
    descending: true,
    placeOf: ({ published_at, product, version }) => ({ sort: published_at, id: `${product} ${version}` }),
  });
  const { total } = await matching
    .select(({ fn }) => fn.countAll<number>().as("total"))
    .executeTakeFirstOrThrow();
  return { items: await withArtifacts(db, page.items), nextCursor: page.nextCursor, total };
}

async function withArtifacts(db: Database, releases: readonly ReleaseColumns[]): Promise<WholeRelease[]> {
  if (releases.length === 0) return [];
  const found = await db
    .selectFrom("artifacts")
    .selectAll()
    .where("product", "in", [...new Set(releases.map(({ product }) => product))])
    .where("version", "in", [...new Set(releases.map(({ version }) => version))])
    .orderBy("os")
    .orderBy("arch")
    .execute();
  const byRelease = Map.groupBy(found, ({ product, version }) => `${product} ${version}`);
  return releases.map((release) => {
    return { release, artifacts: byRelease.get(`${release.product} ${release.version}`) ?? [] };
  });
}
