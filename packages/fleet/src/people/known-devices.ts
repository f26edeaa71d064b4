import type { Database } from "../store/database.ts";
import { createSecret, hashSecret } from "./secret.ts";

/** How long a browser is remembered in which a user has signed in, in milliseconds. */
export const DEVICE_TTL_MS = 365 * 86_400_000;

/** Whether this user has signed in in that browser before. */
export async function isKnownDevice(
  db: Database,
  { userId, secret, now }: { readonly userId: string; readonly secret: string; readonly now: number },
): Promise<boolean> {
  const row = await db
    .selectFrom("known_devices")
    .select("user_id")
    .where("secret_sha256", "=", hashSecret(secret))
    .where("user_id", "=", userId)
    .where("expires_at", ">", now)
    .executeTakeFirst();
  return row !== undefined;
}

/** Remembers the browser that gets this secret. A new secret at each sign-in: one that was planted is worth nothing. */
export async function rememberDevice(db: Database, userId: string, now: number): Promise<string> {
  const secret = createSecret();
  await db.deleteFrom("known_devices").where("expires_at", "<=", now).execute();
  await db
    .insertInto("known_devices")
    .values({ secret_sha256: hashSecret(secret), user_id: userId, expires_at: now + DEVICE_TTL_MS })
    .execute();
  return secret;
}

export async function forgetDevice(db: Database, secret: string): Promise<void> {
  await db.deleteFrom("known_devices").where("secret_sha256", "=", hashSecret(secret)).execute();
}
