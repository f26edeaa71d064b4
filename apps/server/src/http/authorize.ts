import { can, greatestRole, MusterError, type Resource, type Verb } from "@muster/core";
import type { Actor } from "@muster/fleet";
import type { FastifyRequest } from "fastify";
import type { ApiTokens } from "../access/api-tokens.ts";
import type { FailureLimit } from "../access/failure-limit.ts";
import type { Sessions } from "../access/sessions.ts";
import type { SessionCookie } from "./session-cookie.ts";

/** Who may use a route. A route without it answers nobody. */
export type Access = "public" | Verb;

declare module "fastify" {
  interface FastifyContextConfig {
    access?: Access;
    /** What the route is about, from its address; left out, it is about the whole fleet. See core's `Resource`. */
    resource?: Resource | ((request: FastifyRequest) => Promise<Resource>);
  }
  interface FastifyRequest {
    /** Who asks; null on public routes. */
    actor: Actor | null;
  }
}

export interface AuthorizePorts {
  readonly tokens: Pick<ApiTokens, "find">;
  readonly sessions: Pick<Sessions, "find">;
  readonly failures: FailureLimit;
  readonly cookie: SessionCookie;
  /** Where browsers find the pages; null: wherever the request was sent to. */
  readonly publicUrl: URL | null;
}

const SAFE_METHODS = ["GET", "HEAD", "OPTIONS"];
const BEARER = /^Bearer +([^\s]+)$/i;

/** Lets a request to its route or throws `AUTH_REQUIRED`, `AUTH_FORBIDDEN` or `RATE_LIMITED`. Runs before a body is read. */
export async function authorize(ports: AuthorizePorts, request: FastifyRequest): Promise<void> {
  const { access, resource = "fleet" } = request.routeOptions.config;
  if (access === "public" || request.is404) return;
  const actor = await authenticate(ports, request);
  if (access === undefined) throw new MusterError("AUTH_FORBIDDEN", { verb: "none" });
  // Whoever may do it nowhere is not told whether the thing exists.
  requireAllowed(actor, access, "somewhere");
  requireAllowed(actor, access, typeof resource === "function" ? await resource(request) : resource);
  request.actor = actor;
}

/** Throws `AUTH_FORBIDDEN` unless the actor may do this to that. For handlers whose body says what it is about. */
export function requireAllowed(actor: Actor, verb: Verb, resource: Resource): void {
  if (!can(actor, verb, resource))
    throw new MusterError("AUTH_FORBIDDEN", { role: greatestRole(actor), verb });
}

/** Who asks, by token or cookie. */
export async function authenticate(ports: AuthorizePorts, request: FastifyRequest): Promise<Actor> {
  const { authorization } = request.headers;
  if (authorization !== undefined) {
    const token = BEARER.exec(authorization)?.[1];
    const actor = token === undefined ? null : await ports.tokens.find(token);
    return actor ?? refuse(ports.failures, request);
  }
  const secret = ports.cookie.read(request);
  if (secret === null) throw new MusterError("AUTH_REQUIRED");
  requireOwnOrigin(ports, request);
  const actor = await ports.sessions.find(secret);
  return actor ?? refuse(ports.failures, request);
}

/** Wrong credentials: an error that slows down who keeps trying. */
export function refuse(failures: FailureLimit, request: FastifyRequest): never {
  const retryAfterMs = failures.fail(request.ip);
  if (retryAfterMs !== null) throw new MusterError("RATE_LIMITED", { retryAfterMs });
  throw new MusterError("AUTH_REQUIRED", { problem: "the credentials are not valid" });
}

/**
 * A browser sends the cookie along with whatever a page of another site makes it send; the `Origin` header, which a page
 * cannot set, tells. Asked of everything that changes something.
 */
export function requireOwnOrigin(ports: Pick<AuthorizePorts, "publicUrl">, request: FastifyRequest): void {
  if (SAFE_METHODS.includes(request.method)) return;
  const { origin } = request.headers;
  if (origin !== undefined && isOwnOrigin(origin, ports.publicUrl, request.headers.host)) return;
  throw new MusterError("AUTH_FORBIDDEN", {
    origin: origin?.slice(0, 128) ?? null,
    problem: "the request does not come from Muster's own pages",
  });
}

export function isOwnOrigin(origin: string, publicUrl: URL | null, host: string | undefined): boolean {
  if (publicUrl?.origin === origin) return true;
  return URL.canParse(origin) && new URL(origin).host === host;
}
