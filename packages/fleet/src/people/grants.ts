import { type Grants, greaterRole, type GroupRole, type Role, ROLES } from "@muster/core";
import type { GrantView } from "@muster/protocol/http";
import type { Database } from "../store/database.ts";
import type { UserGrantRow } from "../store/schema.ts";

/** Who gave a role. */
export type GrantSource = "manual" | "oidc";

/** Reads a role from the database; what is no role gives nothing. */
export function roleOf(text: string): Role | null {
  return ROLES.find((role) => role === text) ?? null;
}

/** What a list of roles gives together. */
export function grantsOf(list: readonly GrantView[]): Grants & { readonly groups: readonly GroupRole[] } {
  let role: Role | null = null;
  const groups = new Map<string, Role>();
  for (const grant of list) {
    if (grant.groupId === null) role = greaterRole(role, grant.role);
    else groups.set(grant.groupId, greaterRole(groups.get(grant.groupId) ?? null, grant.role) ?? grant.role);
  }
  return { role, groups: Array.from(groups, ([groupId, held]) => ({ groupId, role: held })) };
}

/** The same as a list, the whole fleet's first. */
export function grantList({ role, groups = [] }: Grants): GrantView[] {
  return [...(role === null ? [] : [{ role, groupId: null }]), ...groups.map((group) => ({ ...group }))];
}

/** A user's roles as they are kept. */
export function toGrant(row: UserGrantRow): (GrantView & { readonly source: GrantSource })[] {
  const role = roleOf(row.role);
  if (role === null) return [];
  const source = row.source === "oidc" ? "oidc" : "manual";
  return [{ role, groupId: row.group_id === "" ? null : row.group_id, source }];
}

/** Every role that a user holds now. */
export async function readGrants(db: Database, userId: string): Promise<Grants> {
  const rows = await db.selectFrom("user_grants").selectAll().where("user_id", "=", userId).execute();
  return grantsOf(rows.flatMap(toGrant));
}

/** Gives a role in a place, instead of the one that the same source gave there before. */
export async function writeGrant(
  db: Database,
  user: { readonly userId: string; readonly source: GrantSource },
  { role, groupId }: GrantView,
): Promise<void> {
  await db
    .insertInto("user_grants")
    .values({ user_id: user.userId, group_id: groupId ?? "", source: user.source, role })
    .onConflict((conflict) => conflict.columns(["user_id", "group_id", "source"]).doUpdateSet({ role }))
    .execute();
}

/** What the identity provider says of a user, in place of what it said before. */
export async function replaceProviderGrants(
  trx: Database,
  userId: string,
  grants: readonly GrantView[],
): Promise<void> {
  await trx.deleteFrom("user_grants").where("user_id", "=", userId).where("source", "=", "oidc").execute();
  for (const grant of grants) await writeGrant(trx, { userId, source: "oidc" }, grant);
}
