import { MusterError } from "@muster/core";
import type { PasskeyAnswer, PasskeyOptions, PasskeyRegistration } from "@muster/protocol/http";
import {
  generateAuthenticationOptions,
  generateRegistrationOptions,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
} from "@simplewebauthn/server";
import type { Audit } from "../audit/ports.ts";
import type { Clock } from "../ports.ts";
import type { Database } from "../store/database.ts";
import type { PasskeyRow, UserRow } from "../store/schema.ts";
import { requireRecentUser } from "./account.ts";
import { CHALLENGE_TTL_MS, type Challenges } from "./challenges.ts";
import { auditEntry } from "./audit-entry.ts";
import type { Caller } from "./ports.ts";

/** The pages that passkeys are bound to. */
export interface RelyingParty {
  /** Their host's name. */
  readonly id: string;
  readonly origin: string;
}

/**
 * Passkeys (WebAuthn Level 3): a key pair whose private half stays in the person's device, which asks for a finger or a PIN.
 * They are two factors in one, and no page but ours can use them. What does not fit is `PASSKEY_INVALID`; what was not
 * begun, `SIGN_IN_CHALLENGE_INVALID`.
 */
export interface Passkeys {
  beginAdding(caller: Caller, party: RelyingParty): Promise<PasskeyOptions>;
  add(answer: PasskeyRegistration, caller: Caller, party: RelyingParty): Promise<void>;
  beginSignIn(party: RelyingParty): Promise<PasskeyOptions>;
  /** Whose passkey has answered. */
  check(answer: PasskeyAnswer, party: RelyingParty): Promise<UserRow>;
}

interface PasskeyPorts {
  readonly db: Database;
  readonly clock: Clock;
  readonly challenges: Challenges;
  readonly audit: Pick<Audit, "record">;
}

const NAME = "Muster";
const ADDING = "passkey.add";
const SIGNING_IN = "passkey.sign-in";

interface Begun {
  /** Who adds it; null: somebody signs in. */
  readonly userId: string | null;
  /** What the device signs. */
  readonly challenge: string;
}

export function createPasskeys(ports: PasskeyPorts): Passkeys {
  const { db, clock, challenges } = ports;
  return {
    beginAdding: async (caller, party) => {
      const user = await requireRecentUser(db, caller, clock.now());
      const own = await db.selectFrom("passkeys").selectAll().where("user_id", "=", user.id).execute();
      const options = await generateRegistrationOptions({
        rpName: NAME,
        rpID: party.id,
        userName: user.name,
        userID: new TextEncoder().encode(user.id),
        timeout: CHALLENGE_TTL_MS,
        excludeCredentials: own.map(({ id }) => ({ id })),
        authenticatorSelection: { residentKey: "required", userVerification: "required" },
      });
      const challenge = await challenges.begin(ADDING, { userId: user.id, challenge: options.challenge });
      return { challenge, options: { ...options } };
    },
    add: (answer, caller, party) => addPasskey(ports, { answer, caller, party }),
    beginSignIn: async (party) => {
      // No user is named, so none is given away: the device offers the passkeys it has for these pages.
      const options = await generateAuthenticationOptions({
        rpID: party.id,
        timeout: CHALLENGE_TTL_MS,
        userVerification: "required",
      });
      const challenge = await challenges.begin(SIGNING_IN, { userId: null, challenge: options.challenge });
      return { challenge, options: { ...options } };
    },
    check: (answer, party) => checkPasskey(ports, answer, party),
  };
}

interface Adding {
  readonly answer: PasskeyRegistration;
  readonly caller: Caller;
  readonly party: RelyingParty;
}

async function addPasskey(ports: PasskeyPorts, { answer, caller, party }: Adding): Promise<void> {
  const { db, clock } = ports;
  const user = await requireRecentUser(db, caller, clock.now());
  const begun = await takeChallenge(ports, ADDING, answer.challenge);
  if (begun.userId !== user.id) throw new MusterError("SIGN_IN_CHALLENGE_INVALID");
  const { id, rawId, type, response } = answer.credential;
  const { clientDataJSON, attestationObject, transports = [] } = response;
  const verified = await verifying(() =>
    verifyRegistrationResponse({
      response: {
        id,
        rawId,
        type,
        response: { clientDataJSON, attestationObject },
        clientExtensionResults: {},
      },
      expectedChallenge: begun.challenge,
      expectedOrigin: party.origin,
      expectedRPID: party.id,
      requireUserVerification: true,
    }),
  );
  if (!verified.verified) throw new MusterError("PASSKEY_INVALID");
  const { credential } = verified.registrationInfo;
  const taken = await db
    .selectFrom("passkeys")
    .select("id")
    .where("id", "=", credential.id)
    .executeTakeFirst();
  if (taken) throw new MusterError("PASSKEY_INVALID", { problem: "is known already" });
  await db
    .insertInto("passkeys")
    .values({
      id: credential.id,
      user_id: user.id,
      name: answer.name,
      public_key: credential.publicKey,
      counter: credential.counter,
      transports_json: JSON.stringify(transports),
      created_at: clock.now(),
      last_used_at: null,
    })
    .execute();
  const details = { passkey: answer.name };
  const resource = { kind: "user", id: user.id };
  await ports.audit.record(auditEntry({ action: "user.add_passkey", resource, details }, caller));
}

async function checkPasskey(
  ports: PasskeyPorts,
  answer: PasskeyAnswer,
  party: RelyingParty,
): Promise<UserRow> {
  const { db, clock } = ports;
  const begun = await takeChallenge(ports, SIGNING_IN, answer.challenge);
  const { id, rawId, type, response } = answer.credential;
  const passkey = await db.selectFrom("passkeys").selectAll().where("id", "=", id).executeTakeFirst();
  const user =
    passkey &&
    (await db.selectFrom("users").selectAll().where("id", "=", passkey.user_id).executeTakeFirst());
  if (!passkey || !user || !isHandleOf(user, response.userHandle)) throw new MusterError("PASSKEY_INVALID");
  const { clientDataJSON, authenticatorData, signature } = response;
  const { verified, authenticationInfo } = await verifying(() =>
    verifyAuthenticationResponse({
      response: {
        id,
        rawId,
        type,
        response: { clientDataJSON, authenticatorData, signature },
        clientExtensionResults: {},
      },
      expectedChallenge: begun.challenge,
      expectedOrigin: party.origin,
      expectedRPID: party.id,
      credential: toCredential(passkey),
      requireUserVerification: true,
    }),
  );
  if (!verified) throw new MusterError("PASSKEY_INVALID");
  await db
    .updateTable("passkeys")
    .set({ counter: authenticationInfo.newCounter, last_used_at: clock.now() })
    .where("id", "=", id)
    .execute();
  return user;
}

function toCredential({ id, public_key, counter }: PasskeyRow) {
  return { id, publicKey: new Uint8Array(public_key), counter };
}

/** WebAuthn §7.2, step 6: the device may say whose passkey it takes it for. */
function isHandleOf({ id }: UserRow, handle: string | null | undefined): boolean {
  return handle === null || handle === undefined || Buffer.from(handle, "base64url").toString() === id;
}

async function takeChallenge({ challenges }: PasskeyPorts, kind: string, secret: string): Promise<Begun> {
  const begun = (await challenges.take(kind, secret)) as Begun | null;
  if (begun === null) throw new MusterError("SIGN_IN_CHALLENGE_INVALID");
  return begun;
}

/** What the library finds wrong is the answer's fault. */
async function verifying<T>(verify: () => Promise<T>): Promise<T> {
  try {
    return await verify();
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message.slice(0, 200) : "cannot be verified";
    throw new MusterError("PASSKEY_INVALID", { problem }, { cause });
  }
}
