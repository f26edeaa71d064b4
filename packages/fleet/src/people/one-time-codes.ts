import { generateSecret, generateURI, verifySync } from "otplib";
import type { Sealer } from "../secrets/sealer.ts";
import type { Database } from "../store/database.ts";
import type { UserRow } from "../store/schema.ts";

const PERIOD_S = 30;
/** Codes of the period before and after are taken: phones' clocks are not exact (RFC 6238 §5.2). */
const TOLERANCE_S = PERIOD_S;
const ISSUER = "Muster";

/** The secret of an authenticator app (RFC 6238), and the same for a QR code. */
export function createTotpSecret(userName: string): { readonly secret: string; readonly uri: string } {
  const secret = generateSecret();
  return { secret, uri: generateURI({ issuer: ISSUER, label: userName, secret }) };
}

/** The time step of a right code that is newer than `afterStep`; null: it is wrong, too old, or was used. */
export function stepOfCode(
  code: string,
  {
    secret,
    afterStep,
    now,
  }: { readonly secret: string; readonly afterStep: number | null; readonly now: number },
): number | null {
  if (!/^\d{6}$/.test(code)) return null;
  const result = verifySync({
    secret,
    token: code,
    epoch: Math.floor(now / 1000),
    epochTolerance: TOLERANCE_S,
  });
  if (!result.valid || !("epoch" in result)) return null;
  const step = Math.floor(result.epoch / PERIOD_S);
  return afterStep !== null && step <= afterStep ? null : step;
}

/** What a user's sealed secret belongs to: another user's row does not open it. */
export function totpContext({ id }: Pick<UserRow, "id">): string {
  return `user/${id}/totp`;
}

/** Uses a user's code up: none is good a second time, nor one before it (RFC 6238 §5.2). Two at once cannot both use it. */
export async function useTotpCode(
  { db, sealer }: { readonly db: Database; readonly sealer: Sealer },
  user: UserRow,
  { code, now }: { readonly code: string; readonly now: number },
): Promise<boolean> {
  if (user.totp_secret === null) return false;
  const secret = sealer.open(user.totp_secret, totpContext(user));
  const step = stepOfCode(code, { secret, afterStep: user.totp_last_step, now });
  if (step === null) return false;
  const { numUpdatedRows } = await db
    .updateTable("users")
    .set({ totp_last_step: step })
    .where("id", "=", user.id)
    .where((eb) => eb.or([eb("totp_last_step", "is", null), eb("totp_last_step", "<", step)]))
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}
