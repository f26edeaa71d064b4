import { MusterError } from "@muster/core";
import {
  type Audit,
  type AuditActor,
  type AuditDetails,
  type AuditPlace,
  type AuditTrail,
  auditTrail,
} from "@muster/fleet";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { RefusalLimit } from "./refusal-limit.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /**
     * The action that a route records, `noun.verb`; every route that changes something says it. `by_use_case`: what it calls
     * records by itself, perhaps nothing. False: it changes nothing, whatever its method.
     */
    audit?: `${string}.${string}` | "by_use_case" | false;
  }
  interface FastifyInstance {
    audit: Audit;
  }
  interface FastifyRequest {
    /** Whether what it did is in the audit log. */
    isAudited: boolean;
  }
}

const SAFE_METHODS = ["GET", "HEAD", "OPTIONS"];
/** Refusals that say something of who asks. */
const REFUSALS = ["AUTH_REQUIRED", "AUTH_FORBIDDEN", "AUTH_ORIGIN_FOREIGN"];

/**
 * The trail of who makes this request. A use case that writes hands it its transaction, so that the record is there if the
 * change is; what nobody has recorded is recorded for the route by its `config.audit` before it answers.
 */
export function auditOf(request: FastifyRequest): AuditTrail {
  const trail = auditTrail(request.server.audit, {
    actor: auditActorOf(request),
    from: auditPlaceOf(request),
  });
  const note = () => {
    request.isAudited = true;
  };
  return {
    record: (deed) => trail.record(deed).then(note),
    recordIn: (trx, ...deeds) => trail.recordIn(trx, ...deeds).then(note),
  };
}

/** Records what requests do, and who is refused. Before any route. */
export function auditRequests(
  app: FastifyInstance,
  { audit, refusals }: { readonly audit: Audit; readonly refusals: RefusalLimit },
): void {
  app.decorate("audit", audit);
  app.decorateRequest("isAudited", false);
  app.addHook("onRoute", ({ config, method, url }) => {
    const isSafe = [method].flat().every((name) => SAFE_METHODS.includes(name));
    if (!isSafe && config?.audit === undefined)
      throw new Error(`the route ${url} does not say what it records`);
  });
  app.addHook("onSend", async (request, reply) => {
    const { audit: action } = request.routeOptions.config;
    if (action === undefined || action === false || action === "by_use_case") return;
    const isDone = !SAFE_METHODS.includes(request.method) && reply.statusCode < 400;
    if (isDone && !request.isAudited)
      await auditOf(request).record({ action, ...subjectOf(request, action) });
  });
  app.addHook("onError", async (request, _reply, error) => {
    if (!(error instanceof MusterError) || !REFUSALS.includes(error.code) || !hasCredentials(request)) return;
    const unrecorded = refusals.take(request.ip);
    if (unrecorded === null) return;
    const { verb = null } = error.details;
    const details = { code: error.code, verb, method: request.method, path: pathOf(request), unrecorded };
    await auditOf(request).record({ action: "access.refused", resource: null, details });
  });
}

/** What a route is about, as far as its address tells. */
function subjectOf({ params }: FastifyRequest, action: string) {
  const named = Object.entries((params ?? {}) as Record<string, unknown>).filter(
    (entry): entry is [string, string] => typeof entry[1] === "string",
  );
  const details: AuditDetails = Object.fromEntries(named);
  const id = named.map(([, value]) => value).join("/");
  const [kind = action] = action.split(".");
  return { resource: id === "" ? null : { kind, id }, details };
}

function auditActorOf({ authenticated }: FastifyRequest): AuditActor {
  if (!authenticated) return { kind: "anonymous", name: "anonymous", id: null };
  const { name, userId = null } = authenticated.actor;
  return { kind: userId === null ? "token" : "user", name, id: userId };
}

function auditPlaceOf(request: FastifyRequest): AuditPlace {
  const { credential } = request.authenticated ?? {};
  return {
    address: request.ip,
    userAgent: request.headers["user-agent"] ?? null,
    credential: credential ? `${credential.kind}:${credential.id}` : null,
  };
}

function hasCredentials({ headers }: FastifyRequest): boolean {
  return headers.authorization !== undefined || headers.cookie !== undefined;
}

function pathOf({ url }: FastifyRequest): string {
  return url.split("?")[0] ?? "";
}
