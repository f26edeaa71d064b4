import type { Clock } from "../ports.ts";
import type { Database } from "../store/database.ts";
import { createSecret, hashSecret } from "./secret.ts";

/** How long a person has to finish what a challenge began, in milliseconds. */
export const CHALLENGE_TTL_MS = 300_000;

/** What was begun and is finished by a later request, once. */
export interface Challenges {
  /** Remembers `state` under a new secret. */
  begin(kind: string, state: unknown): Promise<string>;
  /** The state, once: whoever comes second with the same secret, too late, or with another kind's gets null. */
  take(kind: string, secret: string): Promise<unknown>;
}

export function createChallenges({
  db,
  clock,
}: {
  readonly db: Database;
  readonly clock: Clock;
}): Challenges {
  return {
    begin: async (kind, state) => {
      const secret = createSecret();
      const now = clock.now();
      await db.deleteFrom("sign_in_challenges").where("expires_at", "<=", now).execute();
      await db
        .insertInto("sign_in_challenges")
        .values({
          secret_sha256: hashSecret(secret),
          kind,
          state_json: JSON.stringify(state),
          expires_at: now + CHALLENGE_TTL_MS,
        })
        .execute();
      return secret;
    },
    take: async (kind, secret) => {
      const row = await db
        .deleteFrom("sign_in_challenges")
        .where("secret_sha256", "=", hashSecret(secret))
        .returning(["kind", "state_json", "expires_at"])
        .executeTakeFirst();
      if (!row || row.kind !== kind || row.expires_at <= clock.now()) return null;
      return JSON.parse(row.state_json) as unknown;
    },
  };
}
