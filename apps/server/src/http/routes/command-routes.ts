import type { Commands, Groups } from "@muster/fleet";
import {
  agentKeySchema,
  commandPageSchema,
  commandRequestSchema,
  commandSchema,
  pageQuerySchema,
} from "@muster/protocol/http";
import { actorOf } from "../actor.ts";
import type { App } from "../app.ts";
import { auditOf } from "../auditing.ts";
import { agentResource } from "../resources.ts";
import { answers } from "../route-schemas.ts";

const TAGS = ["Agents"];

interface CommandRoutesPorts {
  readonly commands: Commands;
  readonly groups: Pick<Groups, "groupsOf" | "idOf">;
}

export function commandRoutes(app: App, { commands, groups }: CommandRoutesPorts): void {
  const resource = agentResource(groups);
  app.route({
    method: "POST",
    url: "/api/v1/agents/:id/commands",
    config: { access: "agents.command", resource, audit: "agent.command" },
    schema: {
      operationId: "runAgentCommand",
      summary:
        "Ask a connected agent for one of a fixed list of things; answers when it has, or after 30 seconds",
      tags: TAGS,
      params: agentKeySchema,
      body: commandRequestSchema,
      response: answers(commandSchema, "The command and how it ended."),
    },
    handler: (request) =>
      commands.run(
        request.params.id,
        { name: request.body.name, arguments: request.body.arguments ?? {} },
        { actor: actorOf(request.actor), audit: auditOf(request) },
      ),
  });
  app.route({
    method: "GET",
    url: "/api/v1/agents/:id/commands",
    config: { access: "agents.command", resource },
    schema: {
      operationId: "listAgentCommands",
      summary: "List what an agent was asked, newest first",
      tags: TAGS,
      params: agentKeySchema,
      querystring: pageQuerySchema,
      response: answers(commandPageSchema, "A page of commands with their output."),
    },
    handler: ({ params, query }) => commands.list(params.id, query),
  });
}
