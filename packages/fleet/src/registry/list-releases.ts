import { MusterError } from "@muster/core";
import type { Database } from "../store/database.ts";
import type { ArtifactRow } from "../store/schema.ts";
import type { ReleaseListQuery } from "./ports.ts";
import { RELEASE_COLUMNS, type ReleaseColumns } from "./release-rows.ts";

export interface ReleaseRows {
  readonly rows: readonly { readonly release: ReleaseColumns; readonly artifacts: readonly ArtifactRow[] }[];
  readonly nextCursor: string | null;
  readonly total: number;
}

/** A page of releases, newest first, those of the same moment by name. */
export async function listReleaseRows(db: Database, query: ReleaseListQuery): Promise<ReleaseRows> {
  const matching = db
    .selectFrom("releases")
    .$if(query.product !== undefined, (select) => select.where("product", "=", query.product ?? ""));
  const after = query.cursor === undefined ? null : parseCursor(query.cursor);
  let select = matching.select(RELEASE_COLUMNS);
  if (after) {
    select = select.where((eb) =>
      eb(eb.refTuple("published_at", "product", "version"), "<", eb.tuple(...after)),
    );
  }
  const found = await select
    .orderBy("published_at", "desc")
    .orderBy("product", "desc")
    .orderBy("version", "desc")
    .limit(query.limit + 1)
    .execute();
  const { total } = await matching
    .select(({ fn }) => fn.countAll<number>().as("total"))
    .executeTakeFirstOrThrow();
  const releases = found.slice(0, query.limit);
  const last = found.length > query.limit ? releases.at(-1) : undefined;
  return { rows: await withArtifacts(db, releases), nextCursor: last ? formatCursor(last) : null, total };
}

async function withArtifacts(
  db: Database,
  releases: readonly ReleaseColumns[],
): Promise<ReleaseRows["rows"]> {
  if (releases.length === 0) return [];
  const found = await db
    .selectFrom("artifacts")
    .selectAll()
    .where("product", "in", [...new Set(releases.map(({ product }) => product))])
    .where("version", "in", [...new Set(releases.map(({ version }) => version))])
    .orderBy("os")
    .orderBy("arch")
    .execute();
  const byRelease = Map.groupBy(found, ({ product, version }) => `${product}/${version}`);
  return releases.map((release) => {
    return { release, artifacts: byRelease.get(`${release.product}/${release.version}`) ?? [] };
  });
}

type Position = readonly [publishedAt: number, product: string, version: string];

function formatCursor({ published_at, product, version }: ReleaseColumns): string {
  return Buffer.from(JSON.stringify([published_at, product, version])).toString("base64url");
}

function parseCursor(cursor: string): Position {
  try {
    const value: unknown = JSON.parse(Buffer.from(cursor, "base64url").toString("utf8"));
    if (Array.isArray(value) && value.length === 3) {
      const [publishedAt, product, version] = value as unknown[];
      if (typeof publishedAt === "number" && typeof product === "string" && typeof version === "string") {
        return [publishedAt, product, version];
      }
    }
  } catch (cause) {
    throw new MusterError("REQUEST_INVALID", { field: "cursor", problem: "is not a cursor" }, { cause });
  }
  throw new MusterError("REQUEST_INVALID", { field: "cursor", problem: "is not a cursor" });
}
