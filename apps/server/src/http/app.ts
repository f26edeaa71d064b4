import { MusterError } from "@muster/core";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import cookie from "@fastify/cookie";
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from "fastify";
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from "fastify-type-provider-zod";
import { authorize, type AuthorizePorts } from "./authorize.ts";
import { answerClientError } from "./client-error.ts";
import { PROBLEM_TYPE, problemOf, requestError } from "./problem.ts";
import { forbidCaching, securityHeaders } from "./security-headers.ts";

/** The server's Fastify with our schemas' types. */
export type App = FastifyInstance<
  Server,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  ZodTypeProvider
>;

const BODY_MAX_BYTES = 1_048_576;
/** A connection on which nothing moves for so long is closed, in milliseconds; streams of events have their keep-alive. */
const IDLE_MS = 120_000;

export interface AppOptions extends AuthorizePorts {
  readonly log: FastifyBaseLogger;
  readonly https: boolean;
  /** Addresses of proxies whose word on where a request comes from is believed. */
  readonly trustedProxies?: readonly string[];
}

/** An app that answers every request safely and every failure as problem details; its routes come on top. */
export async function createApp(options: AppOptions): Promise<App> {
  const headers = securityHeaders(options.https);
  const app = Fastify({
    loggerInstance: options.log,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_MAX_BYTES,
    trustProxy: options.trustedProxies?.length ? [...options.trustedProxies] : false,
    connectionTimeout: IDLE_MS,
    forceCloseConnections: "idle",
    routerOptions: { maxParamLength: 512 },
    frameworkErrors: (error, request, reply) => {
      // The address could not even be read; no route and no hook has seen the request.
      const problem = problemOf(requestError(error), request.url.split("?")[0]);
      reply.raw.writeHead(problem.status, { ...headers, "content-type": PROBLEM_TYPE });
      reply.raw.end(JSON.stringify(problem));
    },
    clientErrorHandler: answerClientError,
  }).withTypeProvider<ZodTypeProvider>();
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  await app.register(cookie);
  app.decorateRequest("actor", null);
  app.decorateRequest("authenticated", null);

  app.addHook("onRoute", ({ config, url }) => {
    if (config?.access === undefined) throw new Error(`the route ${url} does not say who may use it`);
  });
  app.addHook("onRequest", async (request, reply) => {
    reply.headers(headers);
    await authorize(options, request);
  });
  app.addHook("onSend", async (_request, reply) => forbidCaching(reply));
  app.addHook("onResponse", async (request, reply) => {
    const { method, url, actor } = request;
    const fields = {
      method,
      path: url.split("?")[0],
      status: reply.statusCode,
      ms: Math.round(reply.elapsedTime),
    };
    request.log.debug({ ...fields, actor: actor?.name }, "answered");
  });
  answerFailures(app);
  return app;
}

function answerFailures(app: App): void {
  app.setErrorHandler((thrown, request, reply) => {
    const error = requestError(thrown);
    const problem = problemOf(error, request.url.split("?")[0]);
    if (problem.status >= 500) request.log.error({ err: thrown, path: problem.instance }, problem.title);
    const { retryAfterMs } = error.details;
    if (typeof retryAfterMs === "number") reply.header("retry-after", Math.ceil(retryAfterMs / 1000));
    if (problem.status === 401) reply.header("www-authenticate", 'Bearer realm="muster"');
    return reply.code(problem.status).type(PROBLEM_TYPE).serializer(JSON.stringify).send(problem);
  });
}

/** The error for an address that no route has. */
export function noSuchRoute(method: string, url: string): MusterError {
  return new MusterError("ROUTE_NOT_FOUND", { method, path: url.split("?")[0] ?? "" });
}
