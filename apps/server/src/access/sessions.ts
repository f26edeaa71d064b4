import type { Actor, Clock, Database } from "@muster/fleet";
import { roleOf } from "./roles.ts";
import { createSecret, hashSecret, isSameHash } from "./secret.ts";

/** How long a browser stays signed in, in milliseconds. */
export const SESSION_TTL_MS = 12 * 3_600_000;

/** Signed-in browsers. They live in the database, so a restart signs nobody out. */
export interface Sessions {
  /** The secret of a new session, for its cookie. */
  begin(actor: Actor): Promise<string>;
  /** Whose session it is; null if it is none, or over. */
  find(secret: string): Promise<Actor | null>;
  /** Idempotent. */
  end(secret: string): Promise<void>;
}

export function createSessions({ db, clock }: { readonly db: Database; readonly clock: Clock }): Sessions {
  return {
    begin: async ({ name, role }) => {
      const secret = createSecret();
      const now = clock.now();
      await db.deleteFrom("sessions").where("expires_at", "<=", now).execute();
      await db
        .insertInto("sessions")
        .values({
          id_sha256: hashSecret(secret),
          actor: name,
          role: role ?? "",
          created_at: now,
          expires_at: now + SESSION_TTL_MS,
        })
        .execute();
      return secret;
    },
    find: async (secret) => {
      const hash = hashSecret(secret);
      const row = await db
        .selectFrom("sessions")
        .select(["id_sha256", "actor", "role"])
        .where("id_sha256", "=", hash)
        .where("expires_at", ">", clock.now())
        .executeTakeFirst();
      return row && isSameHash(row.id_sha256, hash) ? { name: row.actor, role: roleOf(row.role) } : null;
    },
    end: async (secret) => {
      await db.deleteFrom("sessions").where("id_sha256", "=", hashSecret(secret)).execute();
    },
  };
}
