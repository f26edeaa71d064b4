import type { Actor, Clock, Database } from "@muster/fleet";
import { roleOf } from "./roles.ts";
import { createSecret, hashSecret, isSameHash } from "./secret.ts";

const PREFIX = "mst_";
const ADMIN_ID = "administrator";

/** Tokens of the API. Only their hashes are kept. */
export interface ApiTokens {
  /** Who the token belongs to; null if it is none of ours. */
  find(token: string): Promise<Actor | null>;
  hasAdministrator(): Promise<boolean>;
  /** Makes the administrator's token; the one before and the administrator's sessions end. */
  renewAdministrator(): Promise<string>;
}

export function createApiTokens({ db, clock }: { readonly db: Database; readonly clock: Clock }): ApiTokens {
  return {
    find: async (token) => {
      if (!token.startsWith(PREFIX) || token.length > 128) return null;
      const hash = hashSecret(token);
      const row = await db
        .selectFrom("api_tokens")
        .select(["name", "role", "secret_sha256"])
        .where("secret_sha256", "=", hash)
        .executeTakeFirst();
      return row && isSameHash(row.secret_sha256, hash) ? { name: row.name, role: roleOf(row.role) } : null;
    },
    hasAdministrator: async () => {
      const row = await db
        .selectFrom("api_tokens")
        .select("id")
        .where("id", "=", ADMIN_ID)
        .executeTakeFirst();
      return row !== undefined;
    },
    renewAdministrator: async () => {
      const token = PREFIX + createSecret();
      const row = {
        id: ADMIN_ID,
        name: ADMIN_ID,
        role: "administrator",
        secret_sha256: hashSecret(token),
        created_at: clock.now(),
      };
      await db.transaction().execute(async (trx) => {
        await trx.deleteFrom("sessions").where("actor", "=", ADMIN_ID).execute();
        await trx.deleteFrom("api_tokens").where("id", "=", ADMIN_ID).execute();
        await trx.insertInto("api_tokens").values(row).execute();
      });
      return token;
    },
  };
}
