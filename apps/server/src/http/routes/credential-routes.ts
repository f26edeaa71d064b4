import { can } from "@muster/core";
import type { Caller, People, SessionOwner, TokenOwner } from "@muster/fleet";
import {
  apiTokenPageSchema,
  createApiTokenSchema,
  createdApiTokenSchema,
  idSchema,
  peopleListQuerySchema,
  sessionPageSchema,
} from "@muster/protocol/http";
import { z } from "zod";
import { callerOf } from "../actor.ts";
import type { App } from "../app.ts";
import { requireAllowed } from "../authorize.ts";
import { answers, answersNothing } from "../route-schemas.ts";

const keySchema = z.object({ id: idSchema });

interface CredentialRoutesPorts {
  readonly people: Pick<People, "users" | "sessions" | "apiTokens" | "note">;
}

type Asked = Pick<z.output<typeof peopleListQuerySchema>, "user" | "all">;

/** Sessions and API tokens: everybody's own, and others' for administrators of the fleet. */
export function credentialRoutes(app: App, ports: CredentialRoutesPorts): void {
  sessionListRoutes(app, ports);
  apiTokenRoutes(app, ports);
}

function sessionListRoutes(app: App, { people }: CredentialRoutesPorts): void {
  const tags = ["Sessions"];
  app.route({
    method: "GET",
    url: "/api/v1/sessions",
    config: { access: "signed_in" },
    schema: {
      operationId: "listSessions",
      summary: "List sessions, newest first: own ones, or others'",
      tags,
      querystring: peopleListQuerySchema,
      response: answers(sessionPageSchema, "A page of sessions."),
    },
    handler: async (request) => {
      const caller = callerOf(request);
      const owner = (await askedOwner(people, caller, request.query)) ?? ownSessions(caller);
      return people.sessions.list(request.query, owner, caller.credential.id);
    },
  });
  app.route({
    method: "DELETE",
    url: "/api/v1/sessions/:id",
    config: { access: "signed_in", audit: "by_use_case" },
    schema: {
      operationId: "revokeSession",
      summary: "End a session: an own one, or another's",
      tags,
      params: keySchema,
      response: answersNothing("Its secret is worth nothing any more."),
    },
    handler: async (request, reply) => {
      const caller = callerOf(request);
      const { id } = request.params;
      await people.sessions.revoke(id, mayManage(caller) ? "all" : ownSessions(caller));
      await people.note({ action: "session.revoke", resource: { kind: "session", id } }, caller);
      return reply.code(204).send();
    },
  });
}

function apiTokenRoutes(app: App, { people }: CredentialRoutesPorts): void {
  const tags = ["API tokens"];
  app.route({
    method: "GET",
    url: "/api/v1/api-tokens",
    config: { access: "signed_in" },
    schema: {
      operationId: "listApiTokens",
      summary: "List API tokens, newest first: own ones, or others'",
      tags,
      querystring: peopleListQuerySchema,
      response: answers(apiTokenPageSchema, "A page of tokens, without their secrets."),
    },
    handler: async (request) => {
      const caller = callerOf(request);
      const owner = (await askedOwner(people, caller, request.query)) ?? ownTokens(caller);
      return people.apiTokens.list(request.query, owner);
    },
  });
  app.route({
    method: "POST",
    url: "/api/v1/api-tokens",
    config: { access: "signed_in", audit: "by_use_case" },
    schema: {
      operationId: "createApiToken",
      summary: "Make a token for a program; it never reaches further than its maker",
      tags,
      body: createApiTokenSchema,
      response: answers(createdApiTokenSchema, "The token, which is shown only now."),
    },
    handler: async (request) => {
      const caller = callerOf(request);
      const created = await people.apiTokens.create(request.body, caller);
      const { id, name, expiresAt } = created;
      const details = { name, expiresAt };
      await people.note({ action: "api_token.create", resource: { kind: "api_token", id }, details }, caller);
      return created;
    },
  });
  app.route({
    method: "DELETE",
    url: "/api/v1/api-tokens/:id",
    config: { access: "signed_in", audit: "by_use_case" },
    schema: {
      operationId: "revokeApiToken",
      summary: "Revoke an API token: an own one, or another's",
      tags,
      params: keySchema,
      response: answersNothing("It is worth nothing any more, nor are the sessions that stood on it."),
    },
    handler: async (request, reply) => {
      const caller = callerOf(request);
      const { id } = request.params;
      await people.apiTokens.revoke(id, mayManage(caller) ? "all" : ownTokens(caller));
      await people.note({ action: "api_token.revoke", resource: { kind: "api_token", id } }, caller);
      return reply.code(204).send();
    },
  });
}

function mayManage({ actor }: Caller): boolean {
  return can(actor, "users.manage");
}

/** Whose are asked for; null: the caller's own. Throws `AUTH_FORBIDDEN` for others' unless the caller administers the fleet. */
async function askedOwner(
  { users }: Pick<People, "users">,
  { actor }: Caller,
  { user, all }: Asked,
): Promise<"all" | { readonly userId: string } | null> {
  if (all !== "true" && user === undefined) return null;
  requireAllowed(actor, "users.read", "fleet");
  return user === undefined ? "all" : { userId: (await users.read(user)).id };
}

/** Of a user; of whoever comes with a token of the server's own, those that stand on it. */
function ownSessions({ actor, credential }: Caller): SessionOwner {
  return actor.userId ? { userId: actor.userId } : { tokenId: credential.tokenId ?? "" };
}

/** Of a user; of whoever comes with a token of the server's own, all such tokens or, short of administering, that one. */
function ownTokens(caller: Caller): TokenOwner {
  const { actor, credential } = caller;
  if (actor.userId) return { userId: actor.userId };
  return mayManage(caller) ? { userId: null } : { tokenId: credential.tokenId ?? "" };
}
