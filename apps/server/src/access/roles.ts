import type { Role } from "@muster/core";

/** Reads a role from the database; what is no role is the least one. */
export function roleOf(text: string): Role {
  return text === "administrator" || text === "operator" ? text : "viewer";
}
