import { can } from "@muster/core";
import type { Groups, OperationCaller, Operations } from "@muster/fleet";
import {
  agentKeySchema,
  availableUpdateSchema,
  createOperationSchema,
  operationKeySchema,
  operationListQuerySchema,
  operationPageSchema,
  operationSchema,
  requestUpdateSchema,
} from "@muster/protocol/http";
import type { FastifyRequest } from "fastify";
import { actorOf } from "../actor.ts";
import type { App } from "../app.ts";
import { auditOf } from "../auditing.ts";
import { agentResource, readableGroups } from "../resources.ts";
import { answers } from "../route-schemas.ts";

interface OperationRoutesPorts {
  readonly operations: Operations;
  readonly groups: Pick<Groups, "groupsOf" | "idOf">;
}

const TAGS = ["Operations"];
const VERB = "rollouts.manage";

export function operationRoutes(app: App, { operations, groups }: OperationRoutesPorts): void {
  const callerOf = (request: FastifyRequest): OperationCaller => ({
    actor: actorOf(request.actor),
    audit: auditOf(request),
    mayUpdate: (id) => can(actorOf(request.actor), VERB, { inGroups: groups.groupsOf(id) }),
  });
  app.route({
    method: "POST",
    url: "/api/v1/operations",
    config: { access: VERB, resource: "somewhere", audit: "by_use_case" },
    schema: {
      operationId: "createOperation",
      summary: "Ask for something of one machine; the same document again is the same operation",
      tags: TAGS,
      body: createOperationSchema,
      response: answers(operationSchema, "The operation and how it stands."),
    },
    handler: (request) => operations.create(request.body, callerOf(request)),
  });
  app.route({
    method: "GET",
    url: "/api/v1/operations",
    config: { access: "fleet.read", resource: "somewhere" },
    schema: {
      operationId: "listOperations",
      summary: "List operations, newest first",
      tags: TAGS,
      querystring: operationListQuerySchema,
      response: answers(operationPageSchema, "A page of operations."),
    },
    handler: ({ query, actor }) => operations.list({ ...query, within: readableGroups(actor) }),
  });
  app.route({
    method: "GET",
    url: "/api/v1/operations/:name",
    config: {
      access: "fleet.read",
      resource: async ({ params }) => {
        const { name } = operationKeySchema.parse(params);
        const { status } = await operations.read(name);
        return { inGroups: groups.groupsOf(status.agentId) };
      },
    },
    schema: {
      operationId: "getOperation",
      summary: "Read an operation",
      tags: TAGS,
      params: operationKeySchema,
      response: answers(operationSchema, "The operation and how it stands."),
    },
    handler: ({ params }) => operations.read(params.name),
  });
  updateRoutes(app, { operations, groups, callerOf });
}

/** For agents that ask for themselves, and whatever asks for them: an API token that has its role in one group. */
function updateRoutes(
  app: App,
  {
    operations,
    groups,
    callerOf,
  }: OperationRoutesPorts & { readonly callerOf: (request: FastifyRequest) => OperationCaller },
): void {
  const resource = agentResource(groups);
  app.route({
    method: "GET",
    url: "/api/v1/agents/:id/updates/available",
    config: { access: "fleet.read", resource },
    schema: {
      operationId: "getAvailableUpdate",
      summary: "What an agent is offered by its groups or its channel, and whether it can take it",
      tags: TAGS,
      params: agentKeySchema,
      response: answers(availableUpdateSchema, "What it is offered."),
    },
    handler: ({ params }) => operations.available(params.id),
  });
  app.route({
    method: "POST",
    url: "/api/v1/agents/:id/update",
    config: { access: VERB, resource, audit: "by_use_case" },
    schema: {
      operationId: "requestAgentUpdate",
      summary: "Update an agent now to what it is offered, as an operation; asking again is the same one",
      tags: TAGS,
      params: agentKeySchema,
      body: requestUpdateSchema,
      response: answers(operationSchema, "The operation and how it stands."),
    },
    handler: (request) => operations.requestUpdate(request.params.id, request.body, callerOf(request)),
  });
}
