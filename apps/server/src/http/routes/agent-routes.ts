import type { Agents, DesiredStates, Groups, RegistrationTokens } from "@muster/fleet";
import {
  agentDesiredSchema,
  agentKeySchema,
  agentListQuerySchema,
  agentPageSchema,
  agentSchema,
  createdTokenSchema,
  createTokenSchema,
  labelAgentsSchema,
  labelledSchema,
  overviewSchema,
  pageQuerySchema,
  putLabelsSchema,
  targetPageSchema,
  tokenPageSchema,
} from "@muster/protocol/http";
import { actorOf } from "../actor.ts";
import type { App } from "../app.ts";
import { auditOf } from "../auditing.ts";
import { agentResource, readableGroups } from "../resources.ts";
import { answers, answersNothing } from "../route-schemas.ts";

interface AgentRoutesPorts {
  readonly agents: Agents;
  readonly groups: Pick<Groups, "groupsOf" | "idOf">;
  readonly desired: Pick<DesiredStates, "ofAgent">;
}

export function agentRoutes(app: App, { agents, desired, groups }: AgentRoutesPorts): void {
  const resource = agentResource(groups);
  const tags = ["Agents"];
  overviewRoute(app, agents);
  labelRoutes(app, agents);
  desiredRoute(app, { desired, groups });
  app.route({
    method: "GET",
    url: "/api/v1/agents",
    config: { access: "fleet.read", resource: "somewhere" },
    schema: {
      operationId: "listAgents",
      summary: "List agents",
      tags,
      querystring: agentListQuerySchema,
      response: answers(agentPageSchema, "A page of agents."),
    },
    handler: ({ query, actor }) => agents.list({ ...query, within: readableGroups(actor) }),
  });
  app.route({
    method: "GET",
    url: "/api/v1/agents/:id",
    config: { access: "fleet.read", resource },
    schema: {
      operationId: "getAgent",
      summary: "Read an agent",
      tags,
      params: agentKeySchema,
      response: answers(agentSchema, "The agent."),
    },
    handler: ({ params }) => agents.read(params.id),
  });
  app.route({
    method: "GET",
    url: "/api/v1/agents/:id/targets",
    config: { access: "fleet.read", resource },
    schema: {
      operationId: "listAgentTargets",
      summary: "List an agent's updates, newest first",
      tags,
      params: agentKeySchema,
      querystring: pageQuerySchema,
      response: answers(targetPageSchema, "A page of the agent's targets."),
    },
    handler: ({ params, query }) => agents.targets(params.id, query),
  });
  operatingRoutes(app, { agents, groups });
}

function operatingRoutes(app: App, { agents, groups }: Pick<AgentRoutesPorts, "agents" | "groups">): void {
  const resource = agentResource(groups);
  const tags = ["Agents"];
  app.route({
    method: "POST",
    url: "/api/v1/agents/:id/forgive",
    config: { access: "rollouts.manage", resource, audit: "agent.forgive" },
    schema: {
      operationId: "forgiveAgent",
      summary: "Offer the host again what it has rolled back: it was repaired",
      tags,
      params: agentKeySchema,
      response: answers(agentSchema, "The agent."),
    },
    handler: (request) => agents.forgive(request.params.id, auditOf(request)),
  });
  app.route({
    method: "POST",
    url: "/api/v1/agents/:id/revoke",
    config: { access: "agents.revoke", resource, audit: "agent.revoke" },
    schema: {
      operationId: "revokeAgent",
      summary: "Lock an agent out, for good",
      tags,
      params: agentKeySchema,
      response: answers(agentSchema, "The revoked agent."),
    },
    handler: (request) => agents.revoke(request.params.id, auditOf(request)),
  });
}

function overviewRoute(app: App, agents: Pick<Agents, "overview">): void {
  app.route({
    method: "GET",
    url: "/api/v1/overview",
    config: { access: "fleet.read" },
    schema: {
      operationId: "getOverview",
      summary: "The fleet in numbers",
      tags: ["Agents"],
      response: answers(overviewSchema, "The overview."),
    },
    handler: () => agents.overview(),
  });
}

function desiredRoute(app: App, { desired, groups }: Pick<AgentRoutesPorts, "desired" | "groups">): void {
  app.route({
    method: "GET",
    url: "/api/v1/agents/:id/desired",
    config: { access: "fleet.read", resource: agentResource(groups) },
    schema: {
      operationId: "getAgentDesiredState",
      summary: "What an agent is to run by its groups, and why it does not",
      tags: ["Agents"],
      params: agentKeySchema,
      response: answers(agentDesiredSchema, "The agent's desired state."),
    },
    handler: ({ params }) => desired.ofAgent(params.id),
  });
}

/** A selection may name 100,000 agents. */
const LABELS_MAX_BYTES = 8 * 1_048_576;

function labelRoutes(app: App, agents: Pick<Agents, "label" | "putLabels">): void {
  const tags = ["Agents"];
  // Labels decide who is in which group: a role in one group is not enough.
  app.route({
    method: "PUT",
    url: "/api/v1/agents/:id/labels",
    config: { access: "agents.label", audit: "agent.label" },
    schema: {
      operationId: "putAgentLabels",
      summary: "Give an agent its labels; they win over what it says of itself",
      tags,
      params: agentKeySchema,
      body: putLabelsSchema,
      response: answers(agentSchema, "The agent with its labels."),
    },
    handler: ({ params, body }) => agents.putLabels(params.id, body),
  });
  app.route({
    method: "POST",
    url: "/api/v1/agents/labels",
    config: { access: "agents.label", audit: "agent.label" },
    bodyLimit: LABELS_MAX_BYTES,
    schema: {
      operationId: "labelAgents",
      summary: "Set and remove labels of many agents",
      tags,
      body: labelAgentsSchema,
      response: answers(labelledSchema, "How many agents were meant, and how many changed."),
    },
    handler: ({ body }) => agents.label(body),
  });
}

export function tokenRoutes(app: App, { tokens }: { readonly tokens: RegistrationTokens }): void {
  const tags = ["Registration tokens"];
  app.route({
    method: "POST",
    url: "/api/v1/tokens",
    config: { access: "tokens.manage", audit: "token.create" },
    schema: {
      operationId: "createToken",
      summary: "Make a token with which agents enrol",
      tags,
      body: createTokenSchema,
      response: answers(createdTokenSchema, "The token with its secret, which is shown only now."),
    },
    handler: (request) => tokens.create(request.body, actorOf(request.actor), auditOf(request)),
  });
  app.route({
    method: "GET",
    url: "/api/v1/tokens",
    config: { access: "tokens.read" },
    schema: {
      operationId: "listTokens",
      summary: "List registration tokens, newest first",
      tags,
      querystring: pageQuerySchema,
      response: answers(tokenPageSchema, "A page of tokens, without their secrets."),
    },
    handler: ({ query }) => tokens.list(query),
  });
  app.route({
    method: "DELETE",
    url: "/api/v1/tokens/:id",
    config: { access: "tokens.manage", audit: "token.revoke" },
    schema: {
      operationId: "revokeToken",
      summary: "Revoke a registration token",
      tags,
      params: agentKeySchema,
      response: answersNothing("Nobody can enrol with it any more."),
    },
    handler: async (request, reply) => {
      await tokens.revoke(request.params.id, auditOf(request));
      return reply.code(204).send();
    },
  });
}
