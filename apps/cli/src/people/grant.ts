import { ROLES } from "@muster/core";
import type { GrantView } from "@muster/protocol/http";
import { usage } from "../arguments/usage.ts";

export function parseRole(text: string): GrantView["role"] {
  const role = ROLES.find((known) => known === text);
  if (role === undefined) throw usage(`It must be one of ${ROLES.join(", ")}.`);
  return role;
}

/** `operator`, or `operator@grp_…` for a role in one group. */
export function parseGrant(text: string): GrantView {
  const [role = "", groupId = null, ...rest] = text.split("@");
  if (rest.length > 0 || groupId === "") throw usage("Write it like operator or operator@GROUP.");
  return { role: parseRole(role), groupId };
}

export function grantText({ role, groupId }: GrantView): string {
  return groupId === null ? role : `${role}@${groupId}`;
}

export function grantsText(grants: readonly GrantView[]): string {
  return grants.map(grantText).join(" ");
}
