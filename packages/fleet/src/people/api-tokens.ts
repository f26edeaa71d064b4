import { commonGrants, isWithin, MusterError } from "@muster/core";
import type { ApiTokenView, CreateApiToken } from "@muster/protocol/http";
import { sql, type SqlBool } from "kysely";
import type { Clock, Page, PageQuery } from "../ports.ts";
import type { Database } from "../store/database.ts";
import { readPage } from "../store/page.ts";
import type { ApiTokenRow } from "../store/schema.ts";
import { grantList, grantsOf, readGrants, roleOf } from "./grants.ts";
import type { Authenticated, Caller } from "./ports.ts";
import { createSecret, hashSecret } from "./secret.ts";

const PREFIX = "mst_";
/** The token that the server prints at its first start: its id, and the name it acts under. */
export const SERVER_TOKEN = "administrator";
const DEFAULT_TTL_MS = 90 * 86_400_000;
const SEEN_EVERY_MS = 60_000;

/** Whose tokens: a user's, the server's own (null), this one alone, or all. */
export type TokenOwner = { readonly userId: string | null } | { readonly tokenId: string } | "all";

/** Tokens of the API, for programs. Only their hashes are kept. */
export interface ApiTokens {
  /** Who the token belongs to, with what both it and its owner may now; null if it is none, expired, or its owner is disabled. */
  find(token: string): Promise<Authenticated | null>;
  findById(id: string): Promise<Authenticated | null>;
  /**
   * Makes a token of the caller's own. It gives no more than the caller has (`AUTH_FORBIDDEN`), and one that a token makes
   * does not outlive it.
   */
  create(request: CreateApiToken, caller: Caller): Promise<ApiTokenView & { readonly token: string }>;
  /** Newest first. */
  list(query: PageQuery, owner: TokenOwner): Promise<Page<ApiTokenView>>;
  /** Throws `RESOURCE_NOT_FOUND` if it is none of the owner's. */
  revoke(id: string, owner: TokenOwner): Promise<void>;
  hasAdministrator(): Promise<boolean>;
  /** Makes the server's own token; the one before and the sessions that stood on it end. */
  renewAdministrator(): Promise<string>;
}

interface TokenPorts {
  readonly db: Database;
  readonly clock: Clock;
  readonly newId: () => string;
}

export function createApiTokens(ports: TokenPorts): ApiTokens {
  const { db, clock } = ports;
  return {
    find: async (token) => {
      if (!token.startsWith(PREFIX) || token.length > 128) return null;
      const row = await tokenRows(db).where("secret_sha256", "=", hashSecret(token)).executeTakeFirst();
      return row ? authenticated(ports, row) : null;
    },
    findById: async (id) => {
      const row = await tokenRows(db).where("api_tokens.id", "=", id).executeTakeFirst();
      return row ? authenticated(ports, row) : null;
    },
    create: (request, caller) => createToken(ports, request, caller),
    list: async (query, owner) => {
      const id = sql.ref("api_tokens.id");
      const { items, nextCursor } = await readPage(ownedBy(tokenRows(db), owner), query, {
        sort: id,
        id,
        type: "string",
        descending: true,
        placeOf: (row) => ({ sort: row.id, id: row.id }),
      });
      const all = db.selectFrom("api_tokens");
      const owned = owner === "all" ? all : all.where(isOwnedBy(owner));
      const { total } = await owned.select(db.fn.countAll<number>().as("total")).executeTakeFirstOrThrow();
      return { items: items.map(toView), nextCursor, total };
    },
    revoke: async (id, owner) => {
      const tokens = db.deleteFrom("api_tokens").where("id", "=", id);
      const owned = owner === "all" ? tokens : tokens.where(isOwnedBy(owner));
      const { numDeletedRows } = await owned.executeTakeFirst();
      if (numDeletedRows === 0n) throw new MusterError("RESOURCE_NOT_FOUND", { kind: "API token", id });
    },
    hasAdministrator: async () => {
      const row = await db
        .selectFrom("api_tokens")
        .select("id")
        .where("id", "=", SERVER_TOKEN)
        .executeTakeFirst();
      return row !== undefined;
    },
    renewAdministrator: async () => {
      const token = PREFIX + createSecret();
      await db.transaction().execute(async (trx) => {
        await trx.deleteFrom("api_tokens").where("id", "=", SERVER_TOKEN).execute();
        await trx
          .insertInto("api_tokens")
          .values({
            id: SERVER_TOKEN,
            name: SERVER_TOKEN,
            role: "administrator",
            secret_sha256: hashSecret(token),
            created_at: clock.now(),
          })
          .execute();
      });
      return token;
    },
  };
}

function tokenRows(db: Database) {
  return db
    .selectFrom("api_tokens")
    .leftJoin("users", "users.id", "api_tokens.owner_id")
    .selectAll("api_tokens")
    .select(["users.name as owner_name", "users.disabled_at as owner_disabled_at"]);
}

function ownedBy(rows: ReturnType<typeof tokenRows>, owner: TokenOwner) {
  return owner === "all" ? rows : rows.where(isOwnedBy(owner));
}

function isOwnedBy(owner: Exclude<TokenOwner, "all">) {
  if ("tokenId" in owner) return sql<SqlBool>`${sql.ref("api_tokens.id")} = ${owner.tokenId}`;
  const column = sql.ref("api_tokens.owner_id");
  return owner.userId === null ? sql<SqlBool>`${column} is null` : sql<SqlBool>`${column} = ${owner.userId}`;
}

type TokenRow = ApiTokenRow & { owner_name: string | null; owner_disabled_at: number | null };

async function authenticated({ db, clock }: TokenPorts, row: TokenRow): Promise<Authenticated | null> {
  const now = clock.now();
  if (row.expires_at !== null && row.expires_at <= now) return null;
  const own = ownGrants(row);
  // The owner's roles as they are now: taking one away takes it from the tokens too.
  if (row.owner_id !== null && (row.owner_name === null || row.owner_disabled_at !== null)) return null;
  const grants = row.owner_id === null ? own : commonGrants(own, await readGrants(db, row.owner_id));
  if (row.last_used_at === null || row.last_used_at <= now - SEEN_EVERY_MS) {
    await db.updateTable("api_tokens").set({ last_used_at: now }).where("id", "=", row.id).execute();
  }
  return {
    actor: { name: actorName(row), userId: row.owner_id, ...grants },
    credential: { kind: "token", id: row.id, tokenId: row.id, provedAt: null, expiresAt: row.expires_at },
  };
}

/** Whose token it is and which: `alice/deploy`. No name of a user holds a slash, so none can pass for another. */
function actorName({ id, name, owner_name }: TokenRow): string {
  return id === SERVER_TOKEN ? SERVER_TOKEN : `${owner_name ?? SERVER_TOKEN}/${name}`;
}

async function createToken({ db, clock, newId }: TokenPorts, request: CreateApiToken, caller: Caller) {
  const now = clock.now();
  const grants = grantsOf(request.grants);
  if (!isWithin(grants, caller.actor)) {
    throw new MusterError("AUTH_FORBIDDEN", { problem: "a token cannot give more than its maker has" });
  }
  const { expiresInMs = DEFAULT_TTL_MS } = request;
  const expiresAt = expiresInMs === null ? null : now + expiresInMs;
  const { kind, expiresAt: makerEndsAt } = caller.credential;
  if (kind === "token" && makerEndsAt !== null && (expiresAt === null || expiresAt > makerEndsAt)) {
    throw new MusterError("AUTH_FORBIDDEN", {
      problem: "a token cannot make one that outlives it",
      makerEndsAt,
    });
  }
  const token = PREFIX + createSecret();
  const row = {
    id: `tok_${newId()}`,
    name: request.name,
    role: grants.role ?? "",
    secret_sha256: hashSecret(token),
    created_at: now,
    owner_id: caller.actor.userId ?? null,
    groups_json: JSON.stringify(grants.groups),
    created_by: caller.actor.name,
    expires_at: expiresAt,
    last_used_at: null,
  };
  await db.insertInto("api_tokens").values(row).execute();
  const stored = await tokenRows(db).where("api_tokens.id", "=", row.id).executeTakeFirstOrThrow();
  return { ...toView(stored), token };
}

function ownGrants(row: ApiTokenRow) {
  const groups = JSON.parse(row.groups_json ?? "[]") as { groupId: string; role: string }[];
  return {
    role: roleOf(row.role),
    groups: groups.flatMap(({ groupId, role }) => {
      const known = roleOf(role);
      return known === null ? [] : [{ groupId, role: known }];
    }),
  };
}

function toView(row: TokenRow): ApiTokenView {
  return {
    id: row.id,
    name: row.name,
    owner: row.owner_id === null ? null : { id: row.owner_id, name: row.owner_name ?? "" },
    grants: grantList(ownGrants(row)),
    createdAt: row.created_at,
    createdBy: row.created_by,
    expiresAt: row.expires_at,
    lastUsedAt: row.last_used_at,
  };
}
