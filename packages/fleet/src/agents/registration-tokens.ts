import { MusterError } from "@muster/core";
import type { TokenView } from "@muster/protocol/http";
import {
  createTokenSecret,
  formatToken,
  hashTokenSecret,
  isTokenSecret,
  type JoinToken,
} from "@muster/trust";
import { sql } from "kysely";
import type { AuditDetails } from "../audit/ports.ts";
import type { Clock } from "../ports.ts";
import type { Database } from "../store/database.ts";
import { readPage } from "../store/page.ts";
import type { RegistrationTokenRow } from "../store/schema.ts";
import type { RegistrationTokens } from "./ports.ts";

export interface TokenPorts {
  readonly db: Database;
  readonly clock: Clock;
  readonly newId: () => string;
  /** Pin of the agents' CA. */
  readonly caPin: string;
}

/** How long a token lives whose request does not say, in milliseconds. */
const DEFAULT_TTL_MS = 86_400_000;

export function createRegistrationTokens({ db, clock, newId, caPin }: TokenPorts): RegistrationTokens {
  return {
    create: async (request, actor, trail) => {
      const now = clock.now();
      const secret = createTokenSecret();
      const row: RegistrationTokenRow = {
        id: newId(),
        secret_sha256: hashTokenSecret(secret),
        max_uses: request.maxUses ?? 1,
        uses: 0,
        expires_at: now + (request.expiresInMs ?? DEFAULT_TTL_MS),
        labels_json: JSON.stringify(request.labels ?? {}),
        product: request.product ?? null,
        created_at: now,
        created_by: actor.name,
        revoked_at: null,
      };
      await db.transaction().execute(async (trx) => {
        await trx.insertInto("registration_tokens").values(row).execute();
        const resource = { kind: "token", id: row.id };
        await trail?.recordIn(trx, { action: "token.create", resource, details: detailsOf(row) });
      });
      return { ...toView(row), token: formatToken({ tokenId: row.id, secret, caPin }) };
    },
    list: async (query) => {
      const tokens = db.selectFrom("registration_tokens").where("revoked_at", "is", null);
      const { items, nextCursor } = await readPage(tokens.selectAll(), query, {
        sort: sql.ref("id"),
        id: sql.ref("id"),
        type: "string",
        descending: true,
        placeOf: ({ id }) => ({ sort: id, id }),
      });
      const { total } = await tokens.select(db.fn.countAll<number>().as("total")).executeTakeFirstOrThrow();
      return { items: items.map(toView), nextCursor, total };
    },
    revoke: (id, trail) =>
      db.transaction().execute(async (trx) => {
        const { numUpdatedRows } = await trx
          .updateTable("registration_tokens")
          .set((eb) => ({ revoked_at: eb.fn.coalesce("revoked_at", eb.val(clock.now())) }))
          .where("id", "=", id)
          .executeTakeFirst();
        if (numUpdatedRows === 0n) throw new MusterError("RESOURCE_NOT_FOUND", { kind: "token", id });
        await trail?.recordIn(trx, { action: "token.revoke", resource: { kind: "token", id } });
      }),
  };
}

function detailsOf(row: RegistrationTokenRow): AuditDetails {
  const { max_uses: maxUses, expires_at: expiresAt, labels_json: labels, product } = row;
  return { maxUses, expiresAt, labels, product };
}

/** The token a host presented, if it may be used now for this product; throws `TOKEN_…`. Uses nothing up. */
export async function readUsableToken(
  db: Database,
  presented: Pick<JoinToken, "tokenId" | "secret">,
  use: { readonly product: string; readonly now: number },
): Promise<RegistrationTokenRow> {
  const row = await db
    .selectFrom("registration_tokens")
    .selectAll()
    .where("id", "=", presented.tokenId)
    .executeTakeFirst();
  if (!row || row.revoked_at !== null || !isTokenSecret(presented.secret, row.secret_sha256)) {
    throw new MusterError("TOKEN_INVALID");
  }
  if (use.now >= row.expires_at) throw new MusterError("TOKEN_EXPIRED", { expiredAt: row.expires_at });
  if (row.uses >= row.max_uses) throw new MusterError("TOKEN_EXHAUSTED", { uses: row.uses });
  if (row.product !== null && row.product !== use.product) {
    throw new MusterError("TOKEN_INVALID", { problem: "is for another product", product: row.product });
  }
  return row;
}

/** Uses a token once more, inside a transaction: two hosts cannot both take the last use. Throws `TOKEN_EXHAUSTED`. */
export async function useToken(trx: Database, token: RegistrationTokenRow): Promise<void> {
  const { numUpdatedRows } = await trx
    .updateTable("registration_tokens")
    .set((eb) => ({ uses: eb("uses", "+", 1) }))
    .where("id", "=", token.id)
    .where("revoked_at", "is", null)
    .whereRef("uses", "<", "max_uses")
    .executeTakeFirst();
  if (numUpdatedRows === 0n) throw new MusterError("TOKEN_EXHAUSTED", { uses: token.max_uses });
}

function toView(row: RegistrationTokenRow): TokenView {
  return {
    id: row.id,
    maxUses: row.max_uses,
    uses: row.uses,
    expiresAt: row.expires_at,
    labels: JSON.parse(row.labels_json) as Record<string, string>,
    product: row.product,
    createdAt: row.created_at,
  };
}
