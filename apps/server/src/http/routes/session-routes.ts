import { MusterError } from "@muster/core";
import type { Authenticated, BegunSession, People } from "@muster/fleet";
import {
  begunSessionSchema,
  passkeyAnswerSchema,
  passkeyOptionsSchema,
  passwordSignInSchema,
  sessionSchema,
  type SessionView,
  setupSchema,
  signInMethodsSchema,
  signInSchema,
} from "@muster/protocol/http";
import type { FastifyReply, FastifyRequest } from "fastify";
import { callerOf, placeOf } from "../actor.ts";
import type { App } from "../app.ts";
import { type AuthorizePorts, refuse } from "../authorize.ts";
import { relyingParty, requireNoForeignOrigin } from "../own-origin.ts";
import { answers, answersNothing } from "../route-schemas.ts";
import type { Cookies } from "../session-cookie.ts";

const TAGS = ["Session"];
const SIGNED_IN = "Who is signed in now.";

export interface SessionRoutesPorts extends AuthorizePorts {
  readonly people: People;
  readonly cookies: Cookies;
}

export function sessionRoutes(app: App, ports: SessionRoutesPorts): void {
  currentRoutes(app, ports);
  tokenRoute(app, ports);
  passwordRoutes(app, ports);
  passkeyRoutes(app, ports);
}

function currentRoutes(app: App, { people, cookies }: SessionRoutesPorts): void {
  app.route({
    method: "GET",
    url: "/api/v1/session",
    config: { access: "signed_in" },
    schema: {
      operationId: "getSession",
      summary: "Who the credentials belong to",
      tags: TAGS,
      response: answers(sessionSchema, "Who is signed in."),
    },
    handler: async (request) => toView(callerOf(request)),
  });
  app.route({
    method: "DELETE",
    url: "/api/v1/session",
    config: { access: "signed_in", audit: "by_use_case" },
    schema: {
      operationId: "signOut",
      summary: "Sign out: the session that asks is over",
      tags: TAGS,
      response: answersNothing("The session is over."),
    },
    handler: async (request, reply) => {
      const { kind, id } = callerOf(request).credential;
      if (kind === "session") await people.sessions.revoke(id, "all");
      cookies.session.clear(reply);
      return reply.code(204).send();
    },
  });
  app.route({
    method: "GET",
    url: "/api/v1/session/methods",
    config: { access: "public" },
    schema: {
      operationId: "getSignInMethods",
      summary: "How one can sign in here, besides by token and password",
      tags: TAGS,
      security: [],
      response: answers(signInMethodsSchema, "The ways."),
    },
    handler: async () => ({
      setup: !(await people.users.exist()),
      oidc: people.oidc && { name: people.oidc.name },
    }),
  });
}

function tokenRoute(app: App, ports: SessionRoutesPorts): void {
  const { people, cookies } = ports;
  app.route({
    method: "POST",
    url: "/api/v1/session",
    config: { access: "public", audit: "by_use_case" },
    schema: {
      operationId: "signIn",
      summary: "Sign a browser in: an API token becomes a cookie",
      tags: TAGS,
      security: [],
      body: signInSchema,
      response: answers(sessionSchema, SIGNED_IN),
    },
    handler: async (request, reply) => {
      requireNoForeignOrigin(ports, request);
      const found = await people.apiTokens.find(request.body.token.trim());
      if (!found) return refuse(ports.failures, request);
      const begun = await people.sessions.begin({
        userId: null,
        tokenId: found.credential.id,
        method: "token",
        carrier: "cookie",
        place: placeOf(request),
      });
      await carry(ports, { request, reply }, { ...begun, device: null });
      return { ...toView(found), expiresAt: begun.expiresAt };
    },
  });
  app.route({
    method: "POST",
    url: "/api/v1/setup",
    config: { access: "public", audit: "by_use_case" },
    schema: {
      operationId: "setUp",
      summary: "Make the first administrator, with the token that the server printed, and sign them in",
      tags: TAGS,
      security: [],
      body: setupSchema,
      response: answers(sessionSchema, SIGNED_IN),
    },
    handler: async (request, reply) => {
      requireNoForeignOrigin(ports, request);
      const place = placeOf(request);
      people.signIn.countAddress(place.address);
      const user = await people.setUp(request.body, place);
      const device = cookies.device.read(request);
      const begun = await people.signIn.begin(user, { method: "password", carrier: "cookie", place, device });
      return carry(ports, { request, reply }, begun);
    },
  });
}

function passwordRoutes(app: App, ports: SessionRoutesPorts): void {
  const { people, cookies } = ports;
  app.route({
    method: "POST",
    url: "/api/v1/session/password",
    config: { access: "public", audit: "by_use_case" },
    schema: {
      operationId: "signInWithPassword",
      summary: "Sign in with a name and a password, and a code where one is asked for",
      tags: TAGS,
      security: [],
      body: passwordSignInSchema,
      response: answers(begunSessionSchema, SIGNED_IN),
    },
    handler: async (request, reply) => {
      requireNoForeignOrigin(ports, request);
      const { carrier } = request.body;
      const device = cookies.device.read(request);
      const attempt = { ...request.body, place: placeOf(request), device };
      const begun = await people.signIn.byPassword(attempt);
      if (carrier === "bearer") return { ...(await viewOf(ports, begun)), secret: begun.secret };
      return { ...(await carry(ports, { request, reply }, begun)), secret: null };
    },
  });
}

function passkeyRoutes(app: App, ports: SessionRoutesPorts): void {
  const { people, cookies } = ports;
  app.route({
    method: "POST",
    url: "/api/v1/session/passkey/options",
    config: { access: "public", audit: "by_use_case" },
    schema: {
      operationId: "beginPasskeySignIn",
      summary: "Begin to sign in with a passkey",
      tags: TAGS,
      security: [],
      response: answers(passkeyOptionsSchema, "What to ask the device."),
    },
    handler: async (request) => {
      requireNoForeignOrigin(ports, request);
      people.signIn.countAddress(request.ip);
      return people.passkeys.beginSignIn(requireParty(ports, request));
    },
  });
  app.route({
    method: "POST",
    url: "/api/v1/session/passkey",
    config: { access: "public", audit: "by_use_case" },
    schema: {
      operationId: "signInWithPasskey",
      summary: "Sign in with a passkey",
      tags: TAGS,
      security: [],
      body: passkeyAnswerSchema,
      response: answers(sessionSchema, SIGNED_IN),
    },
    handler: async (request, reply) => {
      requireNoForeignOrigin(ports, request);
      const place = placeOf(request);
      people.signIn.countAddress(place.address);
      const user = await noting(ports, place, () =>
        people.passkeys.check(request.body, requireParty(ports, request)),
      );
      const device = cookies.device.read(request);
      const begun = await people.signIn.begin(user, { method: "passkey", carrier: "cookie", place, device });
      return carry(ports, { request, reply }, begun);
    },
  });
}

async function noting<T>(
  { people }: SessionRoutesPorts,
  place: ReturnType<typeof placeOf>,
  check: () => Promise<T>,
): Promise<T> {
  try {
    return await check();
  } catch (error) {
    await people.signIn.noteRefusal("passkey", place);
    throw error;
  }
}

/** Throws `SIGN_IN_METHOD_UNAVAILABLE` where passkeys cannot be. */
export function requireParty(ports: Pick<AuthorizePorts, "publicUrl">, request: FastifyRequest) {
  const party = relyingParty(ports, request.headers.host);
  if (!party) throw new MusterError("SIGN_IN_METHOD_UNAVAILABLE", { method: "passkey" });
  return party;
}

export interface Exchange {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

/** Hands a new session to the browser; the one it had before is over, so that none can be planted in it. */
export async function carry(
  ports: SessionRoutesPorts,
  { request, reply }: Exchange,
  begun: BegunSession,
): Promise<SessionView> {
  const { cookies, people } = ports;
  const before = cookies.session.read(request);
  if (before !== null) await people.sessions.end(before);
  cookies.session.write(reply, begun.secret);
  if (begun.device !== null) cookies.device.write(reply, begun.device);
  return viewOf(ports, begun);
}

async function viewOf({ people }: SessionRoutesPorts, { secret }: BegunSession): Promise<SessionView> {
  const found = await people.sessions.find(secret);
  if (!found) throw new MusterError("AUTH_REQUIRED");
  return toView(found);
}

function toView({ actor, credential }: Authenticated): SessionView {
  const { name, role, userId = null, groups = [] } = actor;
  const everywhere = role === null ? [] : [{ role, groupId: null }];
  return {
    actor: name,
    role,
    grants: [...everywhere, ...groups],
    userId,
    expiresAt: credential.expiresAt,
  };
}
