import { MusterError } from "@muster/core";
import type { CreateUser, GrantView, ResetPassword, UserView } from "@muster/protocol/http";
import { sql } from "kysely";
import type { Audit } from "../audit/ports.ts";
import type { Clock, Page, PageQuery } from "../ports.ts";
import type { Database } from "../store/database.ts";
import { readPage } from "../store/page.ts";
import type { UserRow } from "../store/schema.ts";
import { SERVER_TOKEN } from "./api-tokens.ts";
import { writeGrant } from "./grants.ts";
import { normalizePassword, requireSuitablePassword } from "./password-policy.ts";
import { auditEntry } from "./audit-entry.ts";
import type { Caller, PasswordHasher } from "./ports.ts";
import { createCode } from "./recovery-codes.ts";
import { endSessionsOf } from "./sessions.ts";
import { findUser, hasOtherAdministrator, readUser, toUserView, toUserViews } from "./user-rows.ts";

export type UserWithPassword = UserView & { readonly initialPassword: string | null };

/** The people who use Muster. A `key` is a user's id or name; one that is none is `RESOURCE_NOT_FOUND`. */
export interface Users {
  /** Whether there is anybody at all. */
  exist(): Promise<boolean>;
  /** By name. */
  list(query: PageQuery): Promise<Page<UserView>>;
  read(key: string): Promise<UserView>;
  /** Throws `USER_NAME_TAKEN` or `PASSWORD_UNSUITABLE`. */
  create(request: CreateUser, caller: Caller): Promise<UserWithPassword>;
  /** Gives a role in the fleet or a group, in place of one that was given there before. */
  grant(key: string, grant: GrantView, caller: Caller): Promise<UserView>;
  /** Takes away what was granted in a place. Idempotent. Throws `USER_LAST_ADMINISTRATOR`. */
  revoke(key: string, groupId: string | null, caller: Caller): Promise<UserView>;
  /** Ends the user's sessions and shuts everybody out who comes as this user. Throws `USER_LAST_ADMINISTRATOR`. */
  disable(key: string, caller: Caller): Promise<UserView>;
  enable(key: string, caller: Caller): Promise<UserView>;
  /** Gives a new password and ends the user's sessions. Throws `PASSWORD_UNSUITABLE`. */
  resetPassword(key: string, request: ResetPassword, caller: Caller): Promise<UserWithPassword>;
}

export interface UserPorts {
  readonly db: Database;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly hasher: PasswordHasher;
  readonly audit: Pick<Audit, "recordIn">;
}

export function createUsers(ports: UserPorts): Users {
  const { db } = ports;
  return {
    exist: async () => (await db.selectFrom("users").select("id").limit(1).executeTakeFirst()) !== undefined,
    list: async (query) => {
      const name = sql.ref("name");
      const users = db.selectFrom("users");
      const { items, nextCursor } = await readPage(users.selectAll(), query, {
        sort: name,
        id: sql.ref("id"),
        type: "string",
        descending: false,
        placeOf: (row) => ({ sort: row.name, id: row.id }),
      });
      const { total } = await users.select(db.fn.countAll<number>().as("total")).executeTakeFirstOrThrow();
      return { items: await toUserViews(db, items), nextCursor, total };
    },
    read: async (key) => toUserView(db, await readUser(db, key)),
    create: (request, caller) => createUser(ports, request, caller),
    grant: (key, grant, caller) =>
      change(ports, { key, action: "user.grant", caller }, async (trx, user) => {
        if (grant.groupId === null && grant.role !== "administrator")
          await requireOtherAdministrator(trx, user);
        await writeGrant(trx, { userId: user.id, source: "manual" }, grant);
        return { role: grant.role, group: grant.groupId };
      }),
    revoke: (key, groupId, caller) =>
      change(ports, { key, action: "user.revoke", caller }, async (trx, user) => {
        if (groupId === null) await requireOtherAdministrator(trx, user);
        await trx
          .deleteFrom("user_grants")
          .where("user_id", "=", user.id)
          .where("group_id", "=", groupId ?? "")
          .execute();
        return { group: groupId };
      }),
    disable: (key, caller) =>
      change(ports, { key, action: "user.disable", caller }, async (trx, user) => {
        await requireOtherAdministrator(trx, user);
        await trx
          .updateTable("users")
          .set({ disabled_at: user.disabled_at ?? ports.clock.now() })
          .where("id", "=", user.id)
          .execute();
        await endSessionsOf(trx, user.id);
        return {};
      }),
    enable: (key, caller) =>
      change(ports, { key, action: "user.enable", caller }, async (trx, user) => {
        await trx.updateTable("users").set({ disabled_at: null }).where("id", "=", user.id).execute();
        return {};
      }),
    resetPassword: (key, request, caller) => resetPassword(ports, { key, request, caller }),
  };
}

async function createUser(ports: UserPorts, request: CreateUser, caller: Caller): Promise<UserWithPassword> {
  const { db, clock, newId } = ports;
  const { name, grants = [] } = request;
  await requireFreeName(db, name);
  const given = await newPassword(ports, request.password, name);
  const row = {
    id: `usr_${newId()}`,
    name,
    email: request.email ?? null,
    password_hash: given.hash,
    must_change_password: given.initialPassword === null ? 0 : 1,
    created_at: clock.now(),
    created_by: caller.actor.name,
  };
  await db.transaction().execute(async (trx) => {
    await requireFreeName(trx, name);
    await trx.insertInto("users").values(row).execute();
    for (const grant of grants) await writeGrant(trx, { userId: row.id, source: "manual" }, grant);
    const details = { name, grants: grants.map(grantText) };
    const resource = { kind: "user", id: row.id };
    await ports.audit.recordIn(trx, [auditEntry({ action: "user.create", resource, details }, caller)]);
  });
  const view = await toUserView(db, await readUser(db, row.id));
  return { ...view, initialPassword: given.initialPassword };
}

/** Throws `USER_NAME_TAKEN`; the name under which the server's own token acts is nobody's. */
export async function requireFreeName(db: Database, name: string): Promise<void> {
  if (name === SERVER_TOKEN || (await findUser(db, name)) !== null) {
    throw new MusterError("USER_NAME_TAKEN", { name });
  }
}

interface ResetOrder {
  readonly key: string;
  readonly request: ResetPassword;
  readonly caller: Caller;
}

async function resetPassword(
  ports: UserPorts,
  { key, request, caller }: ResetOrder,
): Promise<UserWithPassword> {
  const { name } = await readUser(ports.db, key);
  const given = await newPassword(ports, request.password, name);
  const removesFactors = request.removeSecondFactors ?? false;
  const view = await change(ports, { key, action: "user.reset_password", caller }, async (trx, user) => {
    await trx
      .updateTable("users")
      .set({ password_hash: given.hash, must_change_password: given.initialPassword === null ? 0 : 1 })
      .where("id", "=", user.id)
      .execute();
    if (removesFactors) await removeFactors(trx, user.id);
    await trx.deleteFrom("known_devices").where("user_id", "=", user.id).execute();
    await endSessionsOf(trx, user.id);
    return { removedSecondFactors: removesFactors };
  });
  return { ...view, initialPassword: given.initialPassword };
}

async function removeFactors(trx: Database, userId: string): Promise<void> {
  await trx
    .updateTable("users")
    .set({ totp_secret: null, totp_pending_secret: null, totp_last_step: null })
    .where("id", "=", userId)
    .execute();
  await trx.deleteFrom("recovery_codes").where("user_id", "=", userId).execute();
  await trx.deleteFrom("passkeys").where("user_id", "=", userId).execute();
}

/** The hash of a password that was chosen, or of one that is made here and has to be changed. */
async function newPassword({ hasher }: UserPorts, chosen: string | undefined, userName: string) {
  if (chosen !== undefined) requireSuitablePassword(chosen, userName);
  const initialPassword = chosen === undefined ? createCode() : null;
  const hash = await hasher.hash(normalizePassword(chosen ?? initialPassword ?? ""));
  return { hash, initialPassword };
}

interface ChangeOrder {
  readonly key: string;
  readonly action: string;
  readonly caller: Caller;
}

/** Changes one user in one transaction, and writes down who did. `apply` gives the details. */
async function change(
  { db, audit }: UserPorts,
  { key, action, caller }: ChangeOrder,
  apply: (trx: Database, user: UserRow) => Promise<Readonly<Record<string, string | boolean | null>>>,
): Promise<UserView> {
  const id = await db.transaction().execute(async (trx) => {
    const user = await readUser(trx, key);
    const details = { name: user.name, ...(await apply(trx, user)) };
    const resource = { kind: "user", id: user.id };
    await audit.recordIn(trx, [auditEntry({ action, resource, details }, caller)]);
    return user.id;
  });
  return toUserView(db, await readUser(db, id));
}

/** Throws `USER_LAST_ADMINISTRATOR` if this user is one, and the only one. */
async function requireOtherAdministrator(trx: Database, user: UserRow): Promise<void> {
  const { grants } = await toUserView(trx, user);
  const administers = grants.some(({ groupId, role }) => groupId === null && role === "administrator");
  if (administers && user.disabled_at === null && !(await hasOtherAdministrator(trx, user.id))) {
    throw new MusterError("USER_LAST_ADMINISTRATOR", { name: user.name });
  }
}

function grantText({ role, groupId }: GrantView): string {
  return groupId === null ? role : `${role}@${groupId}`;
}
