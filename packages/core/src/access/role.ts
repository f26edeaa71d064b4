/** What people may do, from least to most. */
export const ROLES = ["viewer", "operator", "administrator"] as const;
export type Role = (typeof ROLES)[number];

/** Whether a role gives at least the rights of another. No role gives none. */
export function isAtLeast(role: Role | null | undefined, least: Role): boolean {
  return role !== null && role !== undefined && ROLES.indexOf(role) >= ROLES.indexOf(least);
}

/** The one of two that gives less; null gives nothing. */
export function lesserRole(a: Role | null, b: Role | null): Role | null {
  if (a === null || b === null) return null;
  return isAtLeast(a, b) ? b : a;
}

/** The one of two that gives more. */
export function greaterRole(a: Role | null, b: Role | null): Role | null {
  if (a === null || b === null) return a ?? b;
  return isAtLeast(a, b) ? a : b;
}
