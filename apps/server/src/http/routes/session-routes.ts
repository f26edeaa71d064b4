import { sessionSchema, signInSchema } from "@muster/protocol/http";
import type { Sessions } from "../../access/sessions.ts";
import { actorOf } from "../actor.ts";
import type { App } from "../app.ts";
import { type AuthorizePorts, refuse, requireOwnOrigin } from "../authorize.ts";
import { answers, answersNothing } from "../route-schemas.ts";

const TAGS = ["Session"];

interface SessionPorts extends Omit<AuthorizePorts, "sessions"> {
  readonly sessions: Sessions;
}

export function sessionRoutes(app: App, ports: SessionPorts): void {
  const { cookie, sessions } = ports;
  app.route({
    method: "POST",
    url: "/api/v1/session",
    config: { access: "public" },
    schema: {
      operationId: "signIn",
      summary: "Sign a browser in: an API token becomes a cookie",
      tags: TAGS,
      security: [],
      body: signInSchema,
      response: answers(sessionSchema, "Who is signed in now."),
    },
    handler: async (request, reply) => {
      // Another site could sign a browser in as somebody else; programs send no Origin.
      if (request.headers.origin !== undefined) requireOwnOrigin(ports, request);
      const actor = await ports.tokens.find(request.body.token.trim());
      if (!actor) return refuse(ports.failures, request);
      const before = cookie.read(request);
      if (before !== null) await sessions.end(before);
      cookie.write(reply, await sessions.begin(actor));
      return { actor: actor.name, role: actor.role };
    },
  });
  app.route({
    method: "GET",
    url: "/api/v1/session",
    config: { access: "fleet.read" },
    schema: {
      operationId: "getSession",
      summary: "Who the credentials belong to",
      tags: TAGS,
      response: answers(sessionSchema, "Who is signed in."),
    },
    handler: async (request) => {
      const { name, role } = actorOf(request.actor);
      return { actor: name, role };
    },
  });
  app.route({
    method: "DELETE",
    url: "/api/v1/session",
    config: { access: "fleet.read" },
    schema: {
      operationId: "signOut",
      summary: "Sign the browser out",
      tags: TAGS,
      response: answersNothing("The session is over."),
    },
    handler: async (request, reply) => {
      const secret = cookie.read(request);
      if (secret !== null) await sessions.end(secret);
      cookie.clear(reply);
      return reply.code(204).send();
    },
  });
}
