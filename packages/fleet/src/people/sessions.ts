import { MusterError } from "@muster/core";
import type { SessionItem } from "@muster/protocol/http";
import { sql } from "kysely";
import type { Clock, Page, PageQuery } from "../ports.ts";
import type { Database } from "../store/database.ts";
import { readPage } from "../store/page.ts";
import type { ApiTokens } from "./api-tokens.ts";
import { readGrants } from "./grants.ts";
import type { Authenticated, Place } from "./ports.ts";
import { createSecret, hashSecret } from "./secret.ts";

/** How long somebody stays signed in, in milliseconds. */
export const SESSION_TTL_MS = 12 * 3_600_000;
/** How exactly it is kept when something was last used. */
export const SEEN_EVERY_MS = 60_000;
const BEARER_PREFIX = "mss_";
const USER_AGENT_MAX = 256;

/** Whose a new session is, and how it was begun. */
export interface NewSession {
  readonly userId: string | null;
  readonly tokenId: string | null;
  readonly method: SessionItem["method"];
  readonly carrier: SessionItem["carrier"];
  readonly place: Place;
}

/** Whose sessions: a user's, those of everybody, or those that stand on one API token. */
export type SessionOwner = { readonly userId: string } | { readonly tokenId: string } | "all";

/** Signed-in people. Kept in the database, so a restart signs nobody out; what they may do is read anew at every use. */
export interface Sessions {
  /** A new session, with a secret that was never used before. */
  begin(
    session: NewSession,
  ): Promise<{ readonly secret: string; readonly id: string; readonly expiresAt: number }>;
  /** Whose session it is; null if it is none, over, revoked, or its user or token is no more. */
  find(secret: string): Promise<Authenticated | null>;
  /** Idempotent. */
  end(secret: string): Promise<void>;
  /** Newest first. */
  list(query: PageQuery, owner: SessionOwner, currentId: string): Promise<Page<SessionItem>>;
  /** Ends one of the owner's sessions; throws `RESOURCE_NOT_FOUND` if it is none of theirs. Returns whose it was. */
  revoke(id: string, owner: SessionOwner): Promise<{ readonly userId: string | null }>;
}

interface SessionPorts {
  readonly db: Database;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly tokens: Pick<ApiTokens, "findById">;
}

export function createSessions(ports: SessionPorts): Sessions {
  const { db, clock } = ports;
  return {
    begin: (session) => beginSession(ports, session),
    find: (secret) => findSession(ports, secret),
    end: async (secret) => {
      await db.deleteFrom("sessions").where("secret_sha256", "=", hashSecret(secret)).execute();
    },
    list: async (query, owner, currentId) => {
      const sessions = sessionsOf(db, owner).where("sessions.expires_at", ">", clock.now());
      const id = sql.ref("sessions.id");
      const { items, nextCursor } = await readPage(
        sessions
          .leftJoin("users", "users.id", "sessions.user_id")
          .leftJoin("api_tokens", "api_tokens.id", "sessions.token_id")
          .selectAll("sessions")
          .select(["users.name as user_name", "api_tokens.name as token_name"]),
        query,
        {
          sort: id,
          id,
          type: "string",
          descending: true,
          placeOf: (row) => ({ sort: row.id, id: row.id }),
        },
      );
      const { total } = await sessions.select(db.fn.countAll<number>().as("total")).executeTakeFirstOrThrow();
      return { items: items.map((row) => toItem(row, currentId)), nextCursor, total };
    },
    revoke: async (id, owner) => {
      const found = await sessionsOf(db, owner)
        .select(["sessions.id", "sessions.user_id"])
        .where("sessions.id", "=", id)
        .executeTakeFirst();
      if (!found) throw new MusterError("RESOURCE_NOT_FOUND", { kind: "session", id });
      await db.deleteFrom("sessions").where("id", "=", id).execute();
      return { userId: found.user_id };
    },
  };
}

/** Ends every session of a user, but one. */
export async function endSessionsOf(
  db: Database,
  userId: string,
  keptId: string | null = null,
): Promise<void> {
  let sessions = db.deleteFrom("sessions").where("user_id", "=", userId);
  if (keptId !== null) sessions = sessions.where("id", "!=", keptId);
  await sessions.execute();
}

async function beginSession({ db, clock, newId }: SessionPorts, session: NewSession) {
  const secret = (session.carrier === "bearer" ? BEARER_PREFIX : "") + createSecret();
  const now = clock.now();
  const id = `ses_${newId()}`;
  await db.deleteFrom("sessions").where("expires_at", "<=", now).execute();
  await db
    .insertInto("sessions")
    .values({
      id,
      secret_sha256: hashSecret(secret),
      user_id: session.userId,
      token_id: session.tokenId,
      method: session.method,
      carrier: session.carrier,
      address: session.place.address,
      user_agent: session.place.userAgent.slice(0, USER_AGENT_MAX),
      created_at: now,
      last_seen_at: now,
      expires_at: now + SESSION_TTL_MS,
    })
    .execute();
  return { secret, id, expiresAt: now + SESSION_TTL_MS };
}

/** A secret is as long as 256 bits: its hash finds it, and no timing helps to guess it. */
async function findSession(
  { db, clock, tokens }: SessionPorts,
  secret: string,
): Promise<Authenticated | null> {
  const now = clock.now();
  const row = await db
    .selectFrom("sessions")
    .leftJoin("users", "users.id", "sessions.user_id")
    .selectAll("sessions")
    .select(["users.name as user_name", "users.disabled_at as user_disabled_at"])
    .where("secret_sha256", "=", hashSecret(secret))
    .where("sessions.expires_at", ">", now)
    .executeTakeFirst();
  if (!row) return null;
  const provedAt = row.method === "token" ? null : row.created_at;
  const { id, token_id: tokenId, expires_at: expiresAt } = row;
  const credential = { kind: "session", id, tokenId, provedAt, expiresAt } as const;
  if (row.last_seen_at <= now - SEEN_EVERY_MS) {
    await db.updateTable("sessions").set({ last_seen_at: now }).where("id", "=", row.id).execute();
  }
  if (row.token_id !== null) {
    const token = await tokens.findById(row.token_id);
    return token && { actor: token.actor, credential };
  }
  if (row.user_id === null || row.user_name === null || row.user_disabled_at !== null) return null;
  const grants = await readGrants(db, row.user_id);
  return { actor: { name: row.user_name, userId: row.user_id, ...grants }, credential };
}

function sessionsOf(db: Database, owner: SessionOwner) {
  const sessions = db.selectFrom("sessions");
  if (owner === "all") return sessions;
  return "userId" in owner
    ? sessions.where("sessions.user_id", "=", owner.userId)
    : sessions.where("sessions.token_id", "=", owner.tokenId);
}

interface ListedRow {
  id: string;
  user_id: string | null;
  user_name: string | null;
  token_name: string | null;
  method: string;
  carrier: string;
  address: string;
  user_agent: string;
  created_at: number;
  last_seen_at: number;
  expires_at: number;
}

const METHODS = ["token", "password", "passkey", "oidc"] as const;

function toItem(row: ListedRow, currentId: string): SessionItem {
  return {
    id: row.id,
    actor: row.user_name ?? row.token_name ?? "",
    userId: row.user_id,
    method: METHODS.find((method) => method === row.method) ?? "token",
    carrier: row.carrier === "bearer" ? "bearer" : "cookie",
    address: row.address,
    userAgent: row.user_agent,
    createdAt: row.created_at,
    lastSeenAt: row.last_seen_at,
    expiresAt: row.expires_at,
    current: row.id === currentId,
  };
}
