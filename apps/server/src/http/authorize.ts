import { can, greatestRole, MusterError, type Resource, type Verb } from "@muster/core";
import {
  type Actor,
  addressKey,
  type ApiTokens,
  type AttemptLimit,
  type Authenticated,
  type Sessions,
} from "@muster/fleet";
import type { FastifyRequest } from "fastify";
import { requireOwnOrigin } from "./own-origin.ts";
import type { SessionCookie } from "./session-cookie.ts";

/** Who may use a route. A route without it answers nobody. `signed_in`: whoever has good credentials, even without a role. */
export type Access = "public" | "signed_in" | Verb;

declare module "fastify" {
  interface FastifyContextConfig {
    access?: Access;
    /** What the route is about, from its address; left out, it is about the whole fleet. See core's `Resource`. */
    resource?: Resource | ((request: FastifyRequest) => Promise<Resource>);
  }
  interface FastifyRequest {
    /** Who asks; null on public routes. */
    actor: Actor | null;
    /** The same with the credentials; see `callerOf`. */
    authenticated: Authenticated | null;
  }
}

export interface AuthorizePorts {
  readonly tokens: Pick<ApiTokens, "find">;
  readonly sessions: Pick<Sessions, "find">;
  /** Wrong credentials by address. They never stand in the way of right ones. */
  readonly failures: AttemptLimit;
  readonly cookie: SessionCookie;
  /** Where browsers find the pages; null: wherever the request was sent to. */
  readonly publicUrl: URL | null;
}

const BEARER = /^Bearer +([^\s]+)$/i;

/** Lets a request to its route or throws `AUTH_REQUIRED`, `AUTH_FORBIDDEN` or `RATE_LIMITED`. Runs before a body is read. */
export async function authorize(ports: AuthorizePorts, request: FastifyRequest): Promise<void> {
  const { access, resource = "fleet" } = request.routeOptions.config;
  if (access === "public" || request.is404) return;
  const authenticated = await authenticate(ports, request);
  const { actor } = authenticated;
  // Who is refused is written down, too.
  request.authenticated = authenticated;
  if (access === undefined) throw new MusterError("AUTH_FORBIDDEN", { verb: "none" });
  if (access !== "signed_in") {
    // Whoever may do it nowhere is not told whether the thing exists.
    requireAllowed(actor, access, "somewhere");
    if (!can(actor, access)) {
      requireAllowed(actor, access, typeof resource === "function" ? await resource(request) : resource);
    }
  }
  request.actor = actor;
}

/** Throws `AUTH_FORBIDDEN` unless the actor may do this to that. For handlers whose body says what it is about. */
export function requireAllowed(actor: Actor, verb: Verb, resource: Resource): void {
  if (can(actor, verb, resource)) return;
  const reason = can(actor, verb, "somewhere") && { problem: "the role does not reach beyond its groups" };
  throw new MusterError("AUTH_FORBIDDEN", { role: greatestRole(actor), verb, ...reason });
}

/** Who asks, by token, session secret or cookie. */
export async function authenticate(ports: AuthorizePorts, request: FastifyRequest): Promise<Authenticated> {
  const { authorization } = request.headers;
  if (authorization !== undefined) {
    const secret = BEARER.exec(authorization)?.[1];
    const found = secret === undefined ? null : await findBearer(ports, secret);
    return found ?? refuse(ports.failures, request);
  }
  const secret = ports.cookie.read(request);
  if (secret === null) throw new MusterError("AUTH_REQUIRED");
  requireOwnOrigin(ports, request);
  const found = await ports.sessions.find(secret);
  return found ?? refuse(ports.failures, request);
}

/** A cookie's secret has no such beginning, so that one is never taken for the other. */
function findBearer({ tokens, sessions }: AuthorizePorts, secret: string): Promise<Authenticated | null> {
  return secret.startsWith("mss_") && secret.length <= 128 ? sessions.find(secret) : tokens.find(secret);
}

/** Wrong credentials: an error that slows down who keeps trying. */
export function refuse(failures: AttemptLimit, request: FastifyRequest): never {
  const retryAfterMs = failures.take(addressKey(request.ip));
  if (retryAfterMs !== null) throw new MusterError("RATE_LIMITED", { retryAfterMs });
  throw new MusterError("AUTH_REQUIRED", { problem: "the credentials are not valid" });
}
