import type { Freezes } from "@muster/fleet";
import { createFreezeSchema, freezeKeySchema, freezeListSchema, freezeSchema } from "@muster/protocol/http";
import { actorOf } from "../actor.ts";
import type { App } from "../app.ts";
import { auditOf } from "../auditing.ts";
import { answers, answersNothing } from "../route-schemas.ts";

const TAGS = ["Rollouts"];

export function freezeRoutes(app: App, { freezes }: { readonly freezes: Freezes }): void {
  app.route({
    method: "GET",
    url: "/api/v1/freezes",
    config: { access: "fleet.read" },
    schema: {
      operationId: "listFreezes",
      summary: "List the times in which only emergencies are rolled out, earliest first",
      tags: TAGS,
      response: answers(freezeListSchema, "Those that are not over."),
    },
    handler: async () => ({ items: [...freezes.list()] }),
  });
  app.route({
    method: "POST",
    url: "/api/v1/freezes",
    config: { access: "freezes.manage", audit: "freeze.create" },
    schema: {
      operationId: "createFreeze",
      summary: "Freeze updates for a time; what is under way goes on",
      tags: TAGS,
      body: createFreezeSchema,
      response: answers(freezeSchema, "The freeze."),
    },
    handler: (request) =>
      freezes.add(request.body, { actor: actorOf(request.actor), audit: auditOf(request) }),
  });
  app.route({
    method: "DELETE",
    url: "/api/v1/freezes/:id",
    config: { access: "freezes.manage", audit: "freeze.remove" },
    schema: {
      operationId: "removeFreeze",
      summary: "End a freeze, or call it off",
      tags: TAGS,
      params: freezeKeySchema,
      response: answersNothing("It does not hold any more."),
    },
    handler: async (request, reply) => {
      await freezes.remove(request.params.id, { actor: actorOf(request.actor), audit: auditOf(request) });
      return reply.code(204).send();
    },
  });
}
