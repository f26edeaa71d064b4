import { MusterError } from "@muster/core";
import type { Actor, Caller, Place } from "@muster/fleet";
import type { FastifyRequest } from "fastify";

/** Who asks on a route that is not public. */
export function actorOf(actor: Actor | null): Actor {
  if (!actor) throw new MusterError("AUTH_REQUIRED");
  return actor;
}

/** Who asks on a route that is not public, by which credentials, from where. */
export function callerOf(request: FastifyRequest): Caller {
  if (!request.authenticated) throw new MusterError("AUTH_REQUIRED");
  return { ...request.authenticated, place: placeOf(request) };
}

/** Where a request comes from. */
export function placeOf(request: FastifyRequest): Place {
  return { address: request.ip, userAgent: request.headers["user-agent"] ?? "" };
}
