import { greaterRole, isAtLeast, lesserRole, type Role } from "./role.ts";
import { leastRoleFor, type Verb } from "./verbs.ts";

/** A role within one group. */
export interface GroupRole {
  readonly groupId: string;
  readonly role: Role;
}

/** The roles that somebody holds. */
export interface Grants {
  /** In the whole fleet; null: none. */
  readonly role: Role | null;
  /** Besides it, in single groups. */
  readonly groups?: readonly GroupRole[];
}

/**
 * Where the thing stands that somebody wants to do something to.
 * - `fleet`: it concerns everybody, and no role in a group reaches it.
 * - `somewhere`: a list that the caller narrows with `scopeOf`, or a body that is decided on once it has been read.
 * - `inGroups`: it belongs to these groups; a role in any of them is enough. In none: as `fleet`.
 * - `everyOf`: several things, of which each has to be allowed. Nothing: as `fleet`, since it may be everything.
 */
export type Resource =
  | "fleet"
  | "somewhere"
  | { readonly inGroups: readonly string[] }
  | { readonly everyOf: readonly Resource[] };

/** The one place that decides who may do what. */
export function can(actor: Grants, verb: Verb, resource: Resource = "fleet"): boolean {
  const scope = scopeOf(actor, verb);
  return scope === "all" || isReached(resource, new Set(scope));
}

function isReached(resource: Resource, scope: ReadonlySet<string>): boolean {
  if (resource === "fleet") return false;
  if (resource === "somewhere") return scope.size > 0;
  if ("inGroups" in resource) return resource.inGroups.some((id) => scope.has(id));
  return resource.everyOf.length > 0 && resource.everyOf.every((part) => isReached(part, scope));
}

/** Where an actor may do something: everywhere, or in these groups; in none, nowhere. For narrowing queries. */
export function scopeOf(actor: Grants, verb: Verb): "all" | readonly string[] {
  const least = leastRoleFor(verb);
  if (isAtLeast(actor.role, least)) return "all";
  const groups = (actor.groups ?? []).filter(({ role }) => isAtLeast(role, least));
  return [...new Set(groups.map(({ groupId }) => groupId))];
}

/** Whether `wanted` gives nothing that `own` does not. */
export function isWithin(wanted: Grants, own: Grants): boolean {
  const isRoleWithin = wanted.role === null || isAtLeast(own.role, wanted.role);
  return (
    isRoleWithin && (wanted.groups ?? []).every(({ groupId, role }) => isAtLeast(roleIn(own, groupId), role))
  );
}

/** What two grants both give: those of an API token, held against those that its owner has now. */
export function commonGrants(a: Grants, b: Grants): Grants {
  const ids = new Set([...(a.groups ?? []), ...(b.groups ?? [])].map(({ groupId }) => groupId));
  const everywhere = lesserRole(a.role, b.role);
  const groups = [...ids].flatMap((groupId) => {
    const role = lesserRole(roleIn(a, groupId), roleIn(b, groupId));
    return role === null || isAtLeast(everywhere, role) ? [] : [{ groupId, role }];
  });
  return { role: everywhere, groups };
}

/** The greatest role that somebody holds anywhere; null: none at all. */
export function greatestRole({ role, groups = [] }: Grants): Role | null {
  return groups.reduce((greatest, group) => greaterRole(greatest, group.role), role);
}

function roleIn({ role, groups = [] }: Grants, groupId: string): Role | null {
  return groups.reduce(
    (greatest, group) => (group.groupId === groupId ? greaterRole(greatest, group.role) : greatest),
    role,
  );
}
