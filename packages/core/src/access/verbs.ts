import type { Role } from "./role.ts";

/** What an API call does, and the least role that may. */
const LEAST_ROLE = {
  "fleet.read": "viewer",
  "metrics.read": "viewer",
  "rollouts.manage": "operator",
  "freezes.manage": "operator",
  "releases.publish": "operator",
  "releases.yank": "operator",
  "sources.manage": "administrator",
  "tokens.read": "operator",
  "tokens.manage": "operator",
  "agents.revoke": "operator",
  "agents.label": "operator",
  "agents.command": "operator",
  "groups.manage": "operator",
  "users.read": "administrator",
  "users.manage": "administrator",
  "audit.read": "administrator",
  "webhooks.manage": "administrator",
} as const satisfies Record<string, Role>;

export type Verb = keyof typeof LEAST_ROLE;
export const VERBS = Object.keys(LEAST_ROLE) as readonly Verb[];

/** The least role that may do it. */
export function leastRoleFor(verb: Verb): Role {
  return LEAST_ROLE[verb];
}
