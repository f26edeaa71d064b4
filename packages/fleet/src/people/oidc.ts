import { greatestRole, MusterError } from "@muster/core";
import { type GrantView, userNameSchema } from "@muster/protocol/http";
import type { Audit } from "../audit/ports.ts";
import type { Clock } from "../ports.ts";
import type { Database } from "../store/database.ts";
import type { UserRow } from "../store/schema.ts";
import type { Challenges } from "./challenges.ts";
import { readGrants, replaceProviderGrants } from "./grants.ts";
import { auditOfStranger } from "./audit-entry.ts";
import type { Place } from "./ports.ts";
import { requireFreeName } from "./users.ts";

/** What a request to the identity provider has to be answered with. */
export interface ProviderChecks {
  readonly state: string;
  readonly nonce: string;
  readonly codeVerifier: string;
}

/** Who the identity provider says somebody is; verified. */
export interface ProviderIdentity {
  readonly issuer: string;
  readonly subject: string;
  /** `preferred_username`, else the mail address, else the subject. */
  readonly name: string;
  readonly email: string | null;
  readonly groups: readonly string[];
}

/** An identity provider. Throws `OIDC_UNAVAILABLE` when it cannot be reached. */
export interface IdentityProvider {
  /** Where the browser is sent. Asks for the answer to be bound to fresh checks. */
  begin(): Promise<{ readonly url: URL; readonly checks: ProviderChecks }>;
  /** Who has come back with this query; throws `OIDC_REFUSED` unless everything fits the checks. */
  finish(query: URLSearchParams, checks: ProviderChecks): Promise<ProviderIdentity>;
}

/** Whoever is in `group` at the provider has this role here. */
export interface GroupMapping {
  readonly group: string;
  readonly grant: GrantView;
}

export interface Oidc {
  /** For the button. */
  readonly name: string;
  /** `next`: where the person wants to go then. The secret stays with the browser. */
  begin(next: string): Promise<{ readonly url: URL; readonly secret: string }>;
  /**
   * Who has come back; made a user at the first time, their roles as the provider's groups say now. Throws
   * `SIGN_IN_CHALLENGE_INVALID`, `OIDC_REFUSED`, `OIDC_NO_ROLE`, `OIDC_UNAVAILABLE` or `USER_NAME_TAKEN`.
   */
  finish(back: ComingBack): Promise<{ readonly user: UserRow; readonly next: string }>;
}

export interface ComingBack {
  readonly query: URLSearchParams;
  /** What the browser kept; null: nothing. */
  readonly secret: string | null;
  readonly place: Place;
}

interface OidcPorts {
  readonly db: Database;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly challenges: Challenges;
  readonly audit: Pick<Audit, "record">;
  readonly provider: IdentityProvider;
  readonly name: string;
  readonly mappings: readonly GroupMapping[];
}

const KIND = "oidc";

interface Begun {
  readonly checks: ProviderChecks;
  readonly next: string;
}

export function createOidc(ports: OidcPorts): Oidc {
  const { challenges, provider, name } = ports;
  return {
    name,
    begin: async (next) => {
      const { url, checks } = await provider.begin();
      return { url, secret: await challenges.begin(KIND, { checks, next: safeNext(next) }) };
    },
    finish: async ({ query, secret, place }) => {
      const begun = secret === null ? null : ((await challenges.take(KIND, secret)) as Begun | null);
      if (begun === null || query.get("state") !== begun.checks.state) {
        throw new MusterError("SIGN_IN_CHALLENGE_INVALID");
      }
      const identity = await provider.finish(query, begun.checks);
      return { user: await admit(ports, identity, place), next: begun.next };
    },
  };
}

/** An address within our own pages; anything else leads to the first page. A browser reads `//host` and `/\host` as another site. */
export function safeNext(next: string): string {
  return /^\/(?![/\\])[^\\\u0000-\u0020]*$/.test(next) && next.length <= 2048 ? next : "/";
}

/** What somebody's groups give. */
export function mappedGrants(groups: readonly string[], mappings: readonly GroupMapping[]): GrantView[] {
  return mappings.filter(({ group }) => groups.includes(group)).map(({ grant }) => grant);
}

/** The user who is this identity. Never one of the same name: names are the provider's people's to choose. */
async function admit(ports: OidcPorts, identity: ProviderIdentity, place: Place): Promise<UserRow> {
  const { db } = ports;
  const { issuer, subject } = identity;
  const grants = mappedGrants(identity.groups, ports.mappings);
  const user = await db.transaction().execute(async (trx) => {
    const known = await trx
      .selectFrom("users")
      .selectAll()
      .where("oidc_issuer", "=", issuer)
      .where("oidc_subject", "=", subject)
      .executeTakeFirst();
    if (!known && grants.length === 0) return null;
    const row = known ?? (await insertUser(trx, ports, identity));
    await replaceProviderGrants(trx, row.id, grants);
    return { row, isNew: known === undefined, ...(await readGrants(trx, row.id)) };
  });
  // Decided when it is written: whoever has lost every group has lost the roles of the last sign-in, too.
  if (user === null || greatestRole(user) === null) throw new MusterError("OIDC_NO_ROLE");
  if (user.isNew) {
    const { id, name } = user.row;
    const details = { name, issuer, groups: identity.groups };
    const deed = { action: "user.create", resource: { kind: "user", id }, details };
    await ports.audit.record(auditOfStranger(deed, { kind: "user", name, id }, place));
  }
  return user.row;
}

async function insertUser(
  trx: Database,
  { clock, newId }: OidcPorts,
  { issuer, subject, email, ...identity }: ProviderIdentity,
): Promise<UserRow> {
  const name = userNameSchema.safeParse(identity.name.toLowerCase());
  if (!name.success) throw new MusterError("OIDC_REFUSED", { problem: "the user's name cannot be one here" });
  await requireFreeName(trx, name.data);
  const row = {
    id: `usr_${newId()}`,
    name: name.data,
    email,
    must_change_password: 0,
    oidc_issuer: issuer,
    oidc_subject: subject,
    created_at: clock.now(),
    created_by: "oidc",
  };
  await trx.insertInto("users").values(row).execute();
  return trx.selectFrom("users").selectAll().where("id", "=", row.id).executeTakeFirstOrThrow();
}
