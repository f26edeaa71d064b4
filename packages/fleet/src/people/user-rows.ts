import { MusterError } from "@muster/core";
import type { UserView } from "@muster/protocol/http";
import type { Database } from "../store/database.ts";
import type { UserRow } from "../store/schema.ts";
import { toGrant } from "./grants.ts";

/** The user of this id or name; null: none. */
export async function findUser(db: Database, key: string): Promise<UserRow | null> {
  const column = key.startsWith("usr_") ? "id" : "name";
  const row = await db.selectFrom("users").selectAll().where(column, "=", key).executeTakeFirst();
  return row ?? null;
}

/** Throws `RESOURCE_NOT_FOUND`. */
export async function readUser(db: Database, key: string): Promise<UserRow> {
  const row = await findUser(db, key);
  if (!row) throw new MusterError("RESOURCE_NOT_FOUND", { kind: "user", id: key });
  return row;
}

export async function toUserViews(db: Database, rows: readonly UserRow[]): Promise<UserView[]> {
  if (rows.length === 0) return [];
  const ids = rows.map(({ id }) => id);
  const grants = await db
    .selectFrom("user_grants")
    .selectAll()
    .where("user_id", "in", ids)
    .orderBy("user_id")
    .orderBy("group_id")
    .execute();
  const passkeys = await db
    .selectFrom("passkeys")
    .select(({ fn }) => ["user_id", fn.countAll<number>().as("count")])
    .where("user_id", "in", ids)
    .groupBy("user_id")
    .execute();
  const counts = new Map(passkeys.map(({ user_id, count }) => [user_id, count]));
  return rows.map((row) => ({
    id: row.id,
    name: row.name,
    email: row.email,
    grants: grants.filter(({ user_id }) => user_id === row.id).flatMap(toGrant),
    disabled: row.disabled_at !== null,
    methods: {
      password: row.password_hash !== null,
      mustChangePassword: row.must_change_password === 1,
      totp: row.totp_secret !== null,
      passkeys: counts.get(row.id) ?? 0,
      oidc: row.oidc_subject !== null,
    },
    createdAt: row.created_at,
    createdBy: row.created_by,
    lastSignInAt: row.last_sign_in_at,
  }));
}

export async function toUserView(db: Database, row: UserRow): Promise<UserView> {
  const [view] = await toUserViews(db, [row]);
  if (!view) throw new MusterError("RESOURCE_NOT_FOUND", { kind: "user", id: row.id });
  return view;
}

/** Whether somebody other than this user administers the whole fleet and is not disabled. */
export async function hasOtherAdministrator(db: Database, userId: string): Promise<boolean> {
  const other = await db
    .selectFrom("users")
    .innerJoin("user_grants", "user_grants.user_id", "users.id")
    .select("users.id")
    .where("users.id", "!=", userId)
    .where("users.disabled_at", "is", null)
    .where("user_grants.group_id", "=", "")
    .where("user_grants.role", "=", "administrator")
    .executeTakeFirst();
  return other !== undefined;
}
