import { MusterError } from "@muster/core";
import type { ChangePassword, MeView } from "@muster/protocol/http";
import type { Audit } from "../audit/ports.ts";
import type { Clock } from "../ports.ts";
import type { Sealer } from "../secrets/sealer.ts";
import type { Database } from "../store/database.ts";
import type { UserRow } from "../store/schema.ts";
import { createAttemptLimit } from "./attempt-limit.ts";
import { createTotpSecret, stepOfCode, totpContext } from "./one-time-codes.ts";
import { normalizePassword, requireSuitablePassword } from "./password-policy.ts";
import { auditEntry } from "./audit-entry.ts";
import type { Caller, PasswordHasher } from "./ports.ts";
import { countRecoveryCodes, renewRecoveryCodes } from "./recovery-codes.ts";
import { endSessionsOf } from "./sessions.ts";
import { readUser, toUserView } from "./user-rows.ts";

/** How long after a sign-in its user may change what the next one needs, in milliseconds. */
export const PROOF_TTL_MS = 15 * 60_000;
const GUESS_RATE = { burst: 10, refillMs: 30_000 };

/**
 * What users do for themselves. Throws `AUTH_USER_REQUIRED` for a token's credentials, and where something is changed,
 * `SIGN_IN_TOO_OLD` for a sign-in of more than fifteen minutes ago.
 */
export interface Account {
  read(caller: Caller): Promise<MeView>;
  /** Ends the user's other sessions. Throws `SIGN_IN_REFUSED` or `PASSWORD_UNSUITABLE`. */
  changePassword(request: ChangePassword, caller: Caller): Promise<void>;
  /** Begins with codes; nothing is asked for before `confirmTotp`. */
  beginTotp(caller: Caller): Promise<{ readonly secret: string; readonly uri: string }>;
  /** Codes are asked for from now on. Gives the recovery codes. Throws `SIGN_IN_REFUSED` for a wrong code. */
  confirmTotp(code: string, caller: Caller): Promise<string[]>;
  /** No codes any more, and no recovery codes. */
  removeTotp(caller: Caller): Promise<void>;
  /** New recovery codes in place of the old ones. Throws `SIGN_IN_METHOD_UNAVAILABLE` where no codes are asked for. */
  renewRecoveryCodes(caller: Caller): Promise<string[]>;
  /** Throws `RESOURCE_NOT_FOUND`. */
  removePasskey(id: string, caller: Caller): Promise<void>;
}

interface AccountPorts {
  readonly db: Database;
  readonly clock: Clock;
  readonly hasher: PasswordHasher;
  readonly sealer: Sealer;
  readonly audit: Pick<Audit, "record">;
}

export function createAccount(ports: AccountPorts): Account {
  const { db, clock } = ports;
  const owner = (caller: Caller) => requireRecentUser(db, caller, clock.now());
  const guesses = createAttemptLimit(clock, GUESS_RATE);
  return {
    read: async (caller) => readMe(db, await requireUser(db, caller)),
    changePassword: async (request, caller) => {
      // A session left open is not to be a way of guessing the password.
      const retryAfterMs = guesses.take(caller.credential.id);
      if (retryAfterMs !== null) throw new MusterError("RATE_LIMITED", { retryAfterMs });
      await changePassword(ports, request, caller);
    },
    beginTotp: async (caller) => {
      const user = await owner(caller);
      const totp = createTotpSecret(user.name);
      await db
        .updateTable("users")
        .set({ totp_pending_secret: ports.sealer.seal(totp.secret, totpContext(user)) })
        .where("id", "=", user.id)
        .execute();
      return totp;
    },
    confirmTotp: (code, caller) => confirmTotp(ports, code, caller),
    removeTotp: async (caller) => {
      const user = await owner(caller);
      await db.transaction().execute(async (trx) => {
        await trx
          .updateTable("users")
          .set({ totp_secret: null, totp_pending_secret: null, totp_last_step: null })
          .where("id", "=", user.id)
          .execute();
        await trx.deleteFrom("recovery_codes").where("user_id", "=", user.id).execute();
      });
      await note(ports, { action: "user.remove_totp", user, caller });
    },
    renewRecoveryCodes: async (caller) => {
      const user = await owner(caller);
      if (user.totp_secret === null) throw new MusterError("SIGN_IN_METHOD_UNAVAILABLE", { method: "code" });
      const codes = await db.transaction().execute((trx) => renewRecoveryCodes(trx, user.id));
      await note(ports, { action: "user.renew_recovery_codes", user, caller });
      return codes;
    },
    removePasskey: async (id, caller) => {
      const user = await owner(caller);
      const { numDeletedRows } = await db
        .deleteFrom("passkeys")
        .where("id", "=", id)
        .where("user_id", "=", user.id)
        .executeTakeFirst();
      if (numDeletedRows === 0n) throw new MusterError("RESOURCE_NOT_FOUND", { kind: "passkey", id });
      await note(ports, { action: "user.remove_passkey", user, caller });
    },
  };
}

/** The user who asks; throws `AUTH_USER_REQUIRED`. */
export async function requireUser(db: Database, { actor, credential }: Caller): Promise<UserRow> {
  if (!actor.userId || credential.provedAt === null) throw new MusterError("AUTH_USER_REQUIRED");
  return readUser(db, actor.userId);
}

/** The same, who also has signed in a short while ago: a browser left open gives nobody a way in for good. */
export async function requireRecentUser(db: Database, caller: Caller, now: number): Promise<UserRow> {
  const user = await requireUser(db, caller);
  const ageMs = now - (caller.credential.provedAt ?? 0);
  if (ageMs > PROOF_TTL_MS) throw new MusterError("SIGN_IN_TOO_OLD", { ageMs, limitMs: PROOF_TTL_MS });
  return user;
}

async function readMe(db: Database, user: UserRow): Promise<MeView> {
  const passkeys = await db
    .selectFrom("passkeys")
    .select(["id", "name", "created_at", "last_used_at"])
    .where("user_id", "=", user.id)
    .orderBy("created_at")
    .execute();
  return {
    user: await toUserView(db, user),
    passkeys: passkeys.map((row) => ({
      id: row.id,
      name: row.name,
      createdAt: row.created_at,
      lastUsedAt: row.last_used_at,
    })),
    recoveryCodes: await countRecoveryCodes(db, user.id),
  };
}

async function changePassword(ports: AccountPorts, request: ChangePassword, caller: Caller): Promise<void> {
  const { db, clock, hasher } = ports;
  const user = await requireRecentUser(db, caller, clock.now());
  const isRight =
    user.password_hash !== null &&
    (await hasher.verify(normalizePassword(request.currentPassword), user.password_hash));
  if (!isRight) throw new MusterError("SIGN_IN_REFUSED");
  requireSuitablePassword(request.newPassword, user.name);
  const hash = await hasher.hash(normalizePassword(request.newPassword));
  await db.transaction().execute(async (trx) => {
    await trx
      .updateTable("users")
      .set({ password_hash: hash, must_change_password: 0 })
      .where("id", "=", user.id)
      .execute();
    await endSessionsOf(trx, user.id, caller.credential.id);
  });
  await note(ports, { action: "user.change_password", user, caller });
}

async function confirmTotp(ports: AccountPorts, code: string, caller: Caller): Promise<string[]> {
  const { db, clock, sealer } = ports;
  const now = clock.now();
  const user = await requireRecentUser(db, caller, now);
  const sealed = user.totp_pending_secret;
  const secret = sealed === null ? null : sealer.open(sealed, totpContext(user));
  const step =
    secret === null ? null : stepOfCode(code.replaceAll(/\s/g, ""), { secret, afterStep: null, now });
  if (step === null) throw new MusterError("SIGN_IN_REFUSED", { problem: "the code is not the one of now" });
  const codes = await db.transaction().execute(async (trx) => {
    await trx
      .updateTable("users")
      .set({ totp_secret: sealed, totp_pending_secret: null, totp_last_step: step })
      .where("id", "=", user.id)
      .execute();
    return renewRecoveryCodes(trx, user.id);
  });
  await note(ports, { action: "user.add_totp", user, caller });
  return codes;
}

interface Noted {
  readonly action: string;
  readonly user: UserRow;
  readonly caller: Caller;
}

async function note({ audit }: AccountPorts, { action, user, caller }: Noted): Promise<void> {
  await audit.record(auditEntry({ action, resource: { kind: "user", id: user.id } }, caller));
}
