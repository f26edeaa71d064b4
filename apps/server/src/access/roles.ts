import type { Actor } from "@muster/fleet";

/** What an API call does, and the least role that may. */
const LEAST_ROLE = {
  "fleet.read": "viewer",
  "metrics.read": "viewer",
  "rollouts.manage": "operator",
  "releases.publish": "operator",
  "releases.yank": "operator",
  "tokens.read": "operator",
  "tokens.manage": "operator",
  "agents.revoke": "operator",
} as const satisfies Record<string, Actor["role"]>;

export type Verb = keyof typeof LEAST_ROLE;
export const VERBS = Object.keys(LEAST_ROLE) as readonly Verb[];

const RANK: Readonly<Record<Actor["role"], number>> = { viewer: 0, operator: 1, administrator: 2 };

/** The one place that decides who may do what. */
export function can(actor: Pick<Actor, "role">, verb: Verb): boolean {
  return RANK[actor.role] >= RANK[LEAST_ROLE[verb]];
}

/** Reads a role from the database; what is no role is the least one. */
export function roleOf(text: string): Actor["role"] {
  return text === "administrator" || text === "operator" ? text : "viewer";
}
