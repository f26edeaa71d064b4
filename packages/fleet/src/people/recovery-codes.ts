import { randomBytes } from "node:crypto";
import type { Database } from "../store/database.ts";
import { hashSecret } from "./secret.ts";

/** Crockford's alphabet: nothing that is mistaken for something else when it is read from paper. */
const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";
const GROUPS = 4;
const GROUP_LENGTH = 4;
export const RECOVERY_CODES = 10;

/** 80 random bits for a person to type: `k3v9-…`, four times four. */
export function createCode(): string {
  const letters = Array.from(randomBytes(GROUPS * GROUP_LENGTH), (byte) => ALPHABET[byte % ALPHABET.length]);
  return Array.from({ length: GROUPS }, (_, group) =>
    letters.slice(group * GROUP_LENGTH, (group + 1) * GROUP_LENGTH).join(""),
  ).join("-");
}

/** As it was made, however it was typed. */
function canonical(code: string): string {
  return code
    .toLowerCase()
    .replaceAll(/[^a-z0-9]/g, "")
    .replaceAll(/[il]/g, "1")
    .replaceAll("o", "0");
}

/** New recovery codes in place of those before; only their hashes are kept. */
export async function renewRecoveryCodes(trx: Database, userId: string): Promise<string[]> {
  const codes = Array.from({ length: RECOVERY_CODES }, createCode);
  await trx.deleteFrom("recovery_codes").where("user_id", "=", userId).execute();
  await trx
    .insertInto("recovery_codes")
    .values(codes.map((code) => ({ user_id: userId, code_sha256: hashSecret(canonical(code)) })))
    .execute();
  return codes;
}

/** Uses a code up; false if it is none of this user's. Two at once cannot both use it. */
export async function useRecoveryCode(db: Database, userId: string, code: string): Promise<boolean> {
  const { numDeletedRows } = await db
    .deleteFrom("recovery_codes")
    .where("user_id", "=", userId)
    .where("code_sha256", "=", hashSecret(canonical(code)))
    .executeTakeFirst();
  return numDeletedRows > 0n;
}

export async function countRecoveryCodes(db: Database, userId: string): Promise<number> {
  const { count } = await db
    .selectFrom("recovery_codes")
    .select(db.fn.countAll<number>().as("count"))
    .where("user_id", "=", userId)
    .executeTakeFirstOrThrow();
  return count;
}
