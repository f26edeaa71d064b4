import { can, type Grants, type Resource, type Verb } from "@muster/core";
import type { RolloutView, SessionView } from "@muster/protocol/http";

type Granted = { readonly grants: readonly SessionView["grants"][number][] };

/** Whether the server would let who is signed in do this: by the decision that the server takes, too. */
export function isAllowed(session: Granted, verb: Verb, resource: Resource): boolean {
  return can(grantsOf(session), verb, resource);
}

/** What a rollout is about, as far as it says so itself: of agents that it names, only the server knows the groups. */
export function rolloutResource({ spec }: Pick<RolloutView, "spec">): Resource {
  if (spec.cohort.kind === "group") return { inGroups: [spec.cohort.id] };
  return spec.cohort.kind === "agents" ? "somewhere" : "fleet";
}

function grantsOf({ grants }: Granted): Grants {
  return {
    role: grants.find(({ groupId }) => groupId === null)?.role ?? null,
    groups: grants.flatMap(({ role, groupId }) => (groupId === null ? [] : [{ role, groupId }])),
  };
}
