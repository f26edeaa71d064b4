import { type Resource, scopeOf, type Verb } from "@muster/core";
import type { Actor, Groups, Rollouts } from "@muster/fleet";
import type { RolloutRequest } from "@muster/protocol/http";
import type { FastifyRequest } from "fastify";
import { actorOf } from "./actor.ts";
import { requireAllowed } from "./authorize.ts";

type GroupIndex = Pick<Groups, "groupsOf" | "idOf">;

/** The groups to which a list is narrowed for somebody; undefined: it is not. */
export function readableGroups(actor: Actor | null): readonly string[] | undefined {
  const scope = scopeOf(actorOf(actor), "fleet.read");
  return scope === "all" ? undefined : scope;
}

/** The agent that the address names. */
export function agentResource(groups: GroupIndex) {
  return async (request: FastifyRequest): Promise<Resource> => ({ inGroups: groups.groupsOf(idIn(request)) });
}

/** The rollout that the address names: it is about whom it is for. */
export function rolloutResource(rollouts: Pick<Rollouts, "read">, groups: GroupIndex) {
  return async (request: FastifyRequest): Promise<Resource> => {
    const { spec } = await rollouts.read(idIn(request));
    return cohortResource(spec.cohort, groups);
  };
}

/** Throws `AUTH_FORBIDDEN` unless the actor may do this to everybody whom a rollout would be for. */
export function requireCohort(
  groups: GroupIndex,
  { actor }: Pick<FastifyRequest, "actor">,
  wish: { readonly verb: Verb; readonly cohort: RolloutRequest["cohort"] },
): void {
  requireAllowed(actorOf(actor), wish.verb, cohortResource(wish.cohort, groups));
}

/** Whom a filter finds changes from day to day, so that no role in a group reaches it. */
function cohortResource(cohort: RolloutRequest["cohort"], groups: GroupIndex): Resource {
  if (cohort.kind === "group") return { inGroups: [groups.idOf(cohort.id) ?? cohort.id] };
  if (cohort.kind !== "agents") return "fleet";
  return { everyOf: cohort.ids.map((id) => ({ inGroups: groups.groupsOf(id) })) };
}

function idIn({ params }: FastifyRequest): string {
  const { id } = params as { readonly id: string };
  return id;
}
