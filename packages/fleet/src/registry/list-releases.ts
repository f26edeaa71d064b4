import { sql } from "kysely";
import type { Page, PageQuery } from "../ports.ts";
import type { Database } from "../store/database.ts";
import { readPage } from "../store/page.ts";
import { toOriginView } from "./origins.ts";
import type { ReleaseKey, ReleaseQuery } from "./ports.ts";
import { readRelease, RELEASE_COLUMNS, type ReleaseColumns, type WholeRelease } from "./release-rows.ts";

/** One release, or `RESOURCE_NOT_FOUND`. */
export async function readWholeRelease(db: Database, key: ReleaseKey): Promise<WholeRelease> {
  const release = await readRelease(db, key);
  const [whole] = await wholeReleases(db, [release]);
  return whole ?? { release, artifacts: [], origin: null };
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
  return { items: await wholeReleases(db, page.items), nextCursor: page.nextCursor, total };
}

async function wholeReleases(db: Database, releases: readonly ReleaseColumns[]): Promise<WholeRelease[]> {
  if (releases.length === 0) return [];
  const products = [...new Set(releases.map(({ product }) => product))];
  const versions = [...new Set(releases.map(({ version }) => version))];
  const found = await db
    .selectFrom("artifacts")
    .selectAll()
    .where("product", "in", products)
    .where("version", "in", versions)
    .orderBy("os")
    .orderBy("arch")
    .execute();
  const origins = await db
    .selectFrom("release_origins")
    .select(["product", "version", "source_id", "tag"])
    .where("product", "in", products)
    .where("version", "in", versions)
    .execute();
  const artifactsOf = Map.groupBy(found, nameOf);
  const originOf = new Map(origins.map((origin) => [nameOf(origin), origin]));
  return releases.map((release) => ({
    release,
    artifacts: artifactsOf.get(nameOf(release)) ?? [],
    origin: toOriginView(originOf.get(nameOf(release))),
  }));
}

const nameOf = ({ product, version }: ReleaseKey) => `${product} ${version}`;
