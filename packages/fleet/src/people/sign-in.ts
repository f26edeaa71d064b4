import { MusterError } from "@muster/core";
import type { SessionItem } from "@muster/protocol/http";
import type { Audit, AuditActor } from "../audit/ports.ts";
import type { Clock } from "../ports.ts";
import type { Sealer } from "../secrets/sealer.ts";
import type { Database } from "../store/database.ts";
import type { UserRow } from "../store/schema.ts";
import { addressKey, createAttemptLimit } from "./attempt-limit.ts";
import { forgetDevice, isKnownDevice, rememberDevice } from "./known-devices.ts";
import { useTotpCode } from "./one-time-codes.ts";
import { normalizePassword, requireSuitablePassword } from "./password-policy.ts";
import { auditOfStranger } from "./audit-entry.ts";
import type { PasswordHasher, Place } from "./ports.ts";
import { useRecoveryCode } from "./recovery-codes.ts";
import { endSessionsOf, type Sessions } from "./sessions.ts";
import { findUser } from "./user-rows.ts";

/** From one address into one account: ten at once, then two a minute. A right password is slowed down like a wrong one. */
const ACCOUNT_RATE = { burst: 10, refillMs: 30_000 };
/** From one address into all accounts: each costs a hash. */
const ADDRESS_RATE = { burst: 60, refillMs: 1000 };

/** What somebody types as a name may be a password: it is not written down. */
const STRANGER: AuditActor = { kind: "anonymous", name: "anonymous" };

export interface PasswordAttempt {
  readonly name: string;
  readonly password: string;
  readonly code?: string | undefined;
  /** When the password has to be changed. */
  readonly newPassword?: string | undefined;
  readonly carrier: SessionItem["carrier"];
  readonly place: Place;
  /** What the browser was remembered by; null: nothing, or no browser. */
  readonly device: string | null;
}

/** A session that has begun. */
export interface BegunSession {
  readonly id: string;
  readonly secret: string;
  readonly expiresAt: number;
  /** By which the browser is to be remembered; null: it is no browser. */
  readonly device: string | null;
}

export interface SignIn {
  /**
   * By name and password, and a code where the user has set one up. Throws `SIGN_IN_REFUSED`, the same in the same time
   * whatever was wrong; to who has the password right, `SIGN_IN_CODE_REQUIRED`, `SIGN_IN_PASSWORD_CHANGE_REQUIRED` or
   * `PASSWORD_UNSUITABLE`; and `RATE_LIMITED`, which strangers' attempts from elsewhere never bring about.
   */
  byPassword(attempt: PasswordAttempt): Promise<BegunSession>;
  /** Begins a session for somebody who has proved in another way who they are. Throws `SIGN_IN_REFUSED` for the disabled. */
  begin(user: UserRow, how: ProvedWay): Promise<BegunSession>;
  /** Counts a public request that costs something; throws `RATE_LIMITED`. */
  countAddress(address: string): void;
  /** Writes down a sign-in that failed. */
  noteRefusal(way: SessionItem["method"], place: Place, user?: UserRow | null): Promise<void>;
}

export interface ProvedWay {
  readonly method: SessionItem["method"];
  readonly carrier: SessionItem["carrier"];
  readonly place: Place;
  readonly device: string | null;
}

export interface SignInPorts {
  readonly db: Database;
  readonly clock: Clock;
  readonly hasher: PasswordHasher;
  readonly sealer: Sealer;
  readonly sessions: Pick<Sessions, "begin">;
  readonly audit: Pick<Audit, "record">;
}

/** `standIn`: a hash of nothing, made with today's cost; it is verified where there is no user. */
export function createSignIn(ports: SignInPorts, standIn: string): SignIn {
  const { clock } = ports;
  const accounts = createAttemptLimit(clock, ACCOUNT_RATE);
  const addresses = createAttemptLimit(clock, ADDRESS_RATE);
  const countAddress = (address: string) => refuseOver(addresses.take(addressKey(address)));
  const noteRefusal: SignIn["noteRefusal"] = (way, place, user = null) =>
    ports.audit.record(
      auditOfStranger(
        {
          action: "session.refuse",
          resource: user && { kind: "user", id: user.id },
          details: { method: way },
        },
        STRANGER,
        place,
      ),
    );
  return {
    countAddress,
    noteRefusal,
    begin: (user, how) => beginFor(ports, user, how),
    byPassword: async (attempt) => {
      const { place, device } = attempt;
      const name = attempt.name.trim().toLowerCase();
      const user = await findUser(ports.db, name);
      // Looked up for nobody, too, so that it takes as long.
      const userId = user?.id ?? "";
      const now = clock.now();
      const isKnown = device !== null && (await isKnownDevice(ports.db, { userId, secret: device, now }));
      // Whoever has signed in here before has a count of their own, which nobody else can use up.
      const key = isKnown ? `device ${device}` : `${name} from ${addressKey(place.address)}`;
      if (!isKnown) countAddress(place.address);
      refuseOver(accounts.take(key));
      const isRight = await ports.hasher.verify(
        normalizePassword(attempt.password),
        user?.disabled_at === null && user.password_hash !== null ? user.password_hash : standIn,
      );
      if (user === null || user.password_hash === null || user.disabled_at !== null || !isRight) {
        await noteRefusal("password", place, user);
        throw new MusterError("SIGN_IN_REFUSED");
      }
      await checkFurther(ports, user, { attempt, refuse: () => noteRefusal("password", place, user) });
      accounts.forgive(key);
      return beginFor(ports, user, { ...attempt, method: "password" });
    },
  };
}

function refuseOver(retryAfterMs: number | null): void {
  if (retryAfterMs !== null) throw new MusterError("RATE_LIMITED", { retryAfterMs });
}

interface FurtherCheck {
  readonly attempt: PasswordAttempt;
  readonly refuse: () => Promise<void>;
}

/** What is asked of somebody whose password is right. A code is used up last, when nothing else is in the way. */
async function checkFurther(
  ports: SignInPorts,
  user: UserRow,
  { attempt, refuse }: FurtherCheck,
): Promise<void> {
  const { code, newPassword } = attempt;
  const mustChange = user.must_change_password === 1;
  if (mustChange && newPassword === undefined) throw new MusterError("SIGN_IN_PASSWORD_CHANGE_REQUIRED");
  if (mustChange && newPassword !== undefined) {
    requireSuitablePassword(newPassword, user.name);
    if (normalizePassword(newPassword) === normalizePassword(attempt.password)) {
      throw new MusterError("PASSWORD_UNSUITABLE", { problem: "is the one that has to be changed" });
    }
  }
  if (user.totp_secret !== null) {
    if (code === undefined || code.trim() === "") throw new MusterError("SIGN_IN_CODE_REQUIRED");
    if (!(await useCode(ports, user, code.trim()))) {
      await refuse();
      throw new MusterError("SIGN_IN_REFUSED");
    }
  }
  const password = mustChange ? newPassword : attempt.password;
  const isOutdated = mustChange || ports.hasher.isOutdated(user.password_hash ?? "");
  if (password === undefined || !isOutdated) return;
  await ports.db
    .updateTable("users")
    .set({ password_hash: await ports.hasher.hash(normalizePassword(password)), must_change_password: 0 })
    .where("id", "=", user.id)
    .execute();
  if (mustChange) await endSessionsOf(ports.db, user.id);
}

async function useCode(ports: SignInPorts, user: UserRow, code: string): Promise<boolean> {
  const digits = code.replaceAll(/\s/g, "");
  if (/^\d{6}$/.test(digits)) return useTotpCode(ports, user, { code: digits, now: ports.clock.now() });
  return useRecoveryCode(ports.db, user.id, code);
}

async function beginFor(ports: SignInPorts, user: UserRow, how: ProvedWay): Promise<BegunSession> {
  const { db, clock, sessions, audit } = ports;
  if (user.disabled_at !== null) throw new MusterError("SIGN_IN_REFUSED");
  const { method, carrier, place } = how;
  const begun = await sessions.begin({ userId: user.id, tokenId: null, method, carrier, place });
  await db.updateTable("users").set({ last_sign_in_at: clock.now() }).where("id", "=", user.id).execute();
  const device = carrier === "cookie" ? await rememberDevice(db, user.id, clock.now()) : null;
  if (how.device !== null) await forgetDevice(db, how.device);
  const deed = { action: "session.begin", resource: { kind: "session", id: begun.id }, details: { method } };
  await audit.record(auditOfStranger(deed, { kind: "user", name: user.name, id: user.id }, place));
  return { ...begun, device };
}
