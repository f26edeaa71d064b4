import { MusterError } from "@muster/core";
import type { SourceView } from "@muster/protocol/http";
import type { Sealer } from "../secrets/sealer.ts";
import type { Database } from "../store/database.ts";
import type { SourceRow } from "../store/schema.ts";
import type { SourcePlace } from "./ports.ts";

/** The source's row, or `RESOURCE_NOT_FOUND`. */
export async function readSource(db: Database, id: string): Promise<SourceRow> {
  const row = await db.selectFrom("sources").selectAll().where("id", "=", id).executeTakeFirst();
  if (!row) throw new MusterError("RESOURCE_NOT_FOUND", { kind: "source", id });
  return row;
}

/** Throws `SECRET_UNREADABLE`. */
export function toPlace(row: SourceRow, sealer: Sealer): SourcePlace {
  const { id, host, owner, repo, token_sealed } = row;
  const token = token_sealed === null ? null : sealer.open(token_sealed, tokenContext(id));
  return { kind: kindOf(row), host, owner, repo, token };
}

export function sealToken(sealer: Sealer, id: string, token: string | null | undefined): string | null {
  return token === null || token === undefined ? null : sealer.seal(token, tokenContext(id));
}

export function toSourceView(row: SourceRow): SourceView {
  const { id, host, owner, repo, product } = row;
  return {
    id,
    kind: kindOf(row),
    host,
    owner,
    repo,
    product,
    hasToken: row.token_sealed !== null,
    createdAt: row.created_at,
    createdBy: row.created_by,
  };
}

/** A sealed token opens for its own source only. */
function tokenContext(id: string): string {
  return `source/${id}`;
}

function kindOf({ kind }: SourceRow): SourceView["kind"] {
  if (kind === "github" || kind === "forgejo") return kind;
  throw new MusterError("STORE_UNAVAILABLE", { field: "sources.kind", value: kind });
}
