import type { Agents, RegistrationTokens } from "@muster/fleet";
import {
  agentKeySchema,
  agentListQuerySchema,
  agentPageSchema,
  agentSchema,
  createdTokenSchema,
  createTokenSchema,
  overviewSchema,
  pageQuerySchema,
  targetPageSchema,
  tokenPageSchema,
} from "@muster/protocol/http";
import { actorOf } from "../actor.ts";
import type { App } from "../app.ts";
import { answers, answersNothing } from "../route-schemas.ts";

export function agentRoutes(app: App, { agents }: { readonly agents: Agents }): void {
  const tags = ["Agents"];
  app.route({
    method: "GET",
    url: "/api/v1/overview",
    config: { access: "fleet.read" },
    schema: {
      operationId: "getOverview",
      summary: "The fleet in numbers",
      tags,
      response: answers(overviewSchema, "The overview."),
    },
    handler: () => agents.overview(),
  });
  app.route({
    method: "GET",
    url: "/api/v1/agents",
    config: { access: "fleet.read" },
    schema: {
      operationId: "listAgents",
      summary: "List agents",
      tags,
      querystring: agentListQuerySchema,
      response: answers(agentPageSchema, "A page of agents."),
    },
    handler: ({ query }) => agents.list(query),
  });
  app.route({
    method: "GET",
    url: "/api/v1/agents/:id",
    config: { access: "fleet.read" },
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
    config: { access: "fleet.read" },
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
  app.route({
    method: "POST",
    url: "/api/v1/agents/:id/revoke",
    config: { access: "agents.revoke" },
    schema: {
      operationId: "revokeAgent",
      summary: "Lock an agent out, for good",
      tags,
      params: agentKeySchema,
      response: answers(agentSchema, "The revoked agent."),
    },
    handler: ({ params }) => agents.revoke(params.id),
  });
}

export function tokenRoutes(app: App, { tokens }: { readonly tokens: RegistrationTokens }): void {
  const tags = ["Registration tokens"];
  app.route({
    method: "POST",
    url: "/api/v1/tokens",
    config: { access: "tokens.manage" },
    schema: {
      operationId: "createToken",
      summary: "Make a token with which agents enrol",
      tags,
      body: createTokenSchema,
      response: answers(createdTokenSchema, "The token with its secret, which is shown only now."),
    },
    handler: ({ body, actor }) => tokens.create(body, actorOf(actor)),
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
    config: { access: "tokens.manage" },
    schema: {
      operationId: "revokeToken",
      summary: "Revoke a registration token",
      tags,
      params: agentKeySchema,
      response: answersNothing("Nobody can enrol with it any more."),
    },
    handler: async ({ params }, reply) => {
      await tokens.revoke(params.id);
      return reply.code(204).send();
    },
  });
}
