import type { ReleaseView } from "@muster/protocol/http";
import type { Database } from "../store/database.ts";
import type { ReleaseOriginRow } from "../store/schema.ts";
import type { OriginAsset, ReleaseKey, ReleaseOrigin } from "./ports.ts";

/** Notes where the release comes from now; null: nobody's source. */
export async function writeOrigin(
  trx: Database,
  { product, version }: ReleaseKey,
  origin: ReleaseOrigin | null,
): Promise<void> {
  await trx
    .deleteFrom("release_origins")
    .where("product", "=", product)
    .where("version", "=", version)
    .execute();
  if (!origin) return;
  const { sourceId, tag, assets } = origin;
  const row = { product, version, source_id: sourceId, tag, assets_json: JSON.stringify(assets) };
  await trx.insertInto("release_origins").values(row).execute();
}

export async function readOrigin(
  db: Database,
  { product, version }: ReleaseKey,
): Promise<ReleaseOrigin | null> {
  const row = await db
    .selectFrom("release_origins")
    .selectAll()
    .where("product", "=", product)
    .where("version", "=", version)
    .executeTakeFirst();
  if (!row) return null;
  // Only what `writeOrigin` wrote.
  return {
    sourceId: row.source_id,
    tag: row.tag,
    assets: JSON.parse(row.assets_json) as readonly OriginAsset[],
  };
}

export function toOriginView(
  origin: Pick<ReleaseOriginRow, "source_id" | "tag"> | undefined,
): ReleaseView["origin"] {
  return origin ? { source: origin.source_id, tag: origin.tag } : null;
}
