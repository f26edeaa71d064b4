import type { Audit, AuditDeed } from "../audit/ports.ts";
import type { Clock, Random } from "../ports.ts";
import { createArgon2Hasher } from "../adapters/argon2-hasher.ts";
import { createIdSource } from "../ids.ts";
import type { Sealer } from "../secrets/sealer.ts";
import type { Database } from "../store/database.ts";
import { type Account, createAccount } from "./account.ts";
import { type ApiTokens, createApiTokens } from "./api-tokens.ts";
import { createChallenges } from "./challenges.ts";
import { createOidc, type GroupMapping, type IdentityProvider, type Oidc } from "./oidc.ts";
import { createPasskeys, type Passkeys } from "./passkeys.ts";
import type { Caller, PasswordHasher } from "./ports.ts";
import { createSessions, type Sessions } from "./sessions.ts";
import { createSetup, type SetUp } from "./setup.ts";
import { createSignIn, type SignIn } from "./sign-in.ts";
import { createUsers, type Users } from "./users.ts";
import { auditEntry } from "./audit-entry.ts";
import { createSecret } from "./secret.ts";

export interface PeoplePorts {
  readonly db: Database;
  readonly clock: Clock;
  readonly random: Random;
  readonly audit: Audit;
  /** Of secrets that have to be read again. */
  readonly sealer: Sealer;
  /** Argon2id at today's cost unless told. */
  readonly hasher?: PasswordHasher;
  /** Null: nobody signs in by an identity provider. */
  readonly oidc: OidcSetup | null;
}

export interface OidcSetup {
  readonly provider: IdentityProvider;
  /** For the button. */
  readonly name: string;
  readonly mappings: readonly GroupMapping[];
}

/** Who may come in, and how. */
export interface People {
  readonly users: Users;
  readonly account: Account;
  readonly sessions: Sessions;
  readonly apiTokens: ApiTokens;
  readonly signIn: SignIn;
  readonly passkeys: Passkeys;
  readonly oidc: Oidc | null;
  /** Makes the first administrator. */
  readonly setUp: SetUp;
  /** Writes down what was done to a session or an API token. */
  note(deed: AuditDeed, caller: Caller): Promise<void>;
}

export async function createPeople(ports: PeoplePorts): Promise<People> {
  const { hasher = createArgon2Hasher() } = ports;
  const newId = createIdSource(ports.clock, ports.random);
  const shared = { ...ports, hasher, newId };
  const apiTokens = createApiTokens(shared);
  const sessions = createSessions({ ...shared, tokens: apiTokens });
  const challenges = createChallenges(shared);
  const users = createUsers(shared);
  return {
    users,
    sessions,
    apiTokens,
    account: createAccount(shared),
    signIn: createSignIn({ ...shared, sessions }, await hasher.hash(createSecret())),
    passkeys: createPasskeys({ ...shared, challenges }),
    oidc: ports.oidc && createOidc({ ...shared, ...ports.oidc, challenges }),
    setUp: createSetup({ ...shared, apiTokens, users }),
    note: (deed, caller) => ports.audit.record(auditEntry(deed, caller)),
  };
}
