import { ERROR_REGISTRY, isErrorCode, MusterError } from "@muster/core";
import { z } from "zod";
import type { Metrics } from "../../observe/metrics.ts";
import type { App } from "../app.ts";
import { answers, answersText } from "../route-schemas.ts";

const TAGS = ["System"];

const healthSchema = z.object({ status: z.literal("ok") });
const errorSchema = z.object({
  code: z.string(),
  meaning: z.string(),
  help: z.string(),
  httpStatus: z.int(),
  grpcStatus: z.string(),
  retryable: z.boolean(),
});

export interface SystemPorts {
  readonly metrics: Metrics;
  /** Resolves if requests can be served; otherwise throws why not. */
  readonly requireReady: () => Promise<void>;
}

export function systemRoutes(app: App, { metrics, requireReady }: SystemPorts): void {
  app.route({
    method: "GET",
    url: "/healthz",
    config: { access: "public" },
    schema: {
      operationId: "getHealth",
      summary: "Whether the process lives",
      tags: TAGS,
      security: [],
      response: answers(healthSchema, "It lives."),
    },
    handler: async () => ({ status: "ok" as const }),
  });
  app.route({
    method: "GET",
    url: "/readyz",
    config: { access: "public" },
    schema: {
      operationId: "getReadiness",
      summary: "Whether the server takes work",
      tags: TAGS,
      security: [],
      response: answers(healthSchema, "It does."),
    },
    handler: async () => {
      await requireReady();
      return { status: "ok" as const };
    },
  });
  app.route({
    method: "GET",
    url: "/metrics",
    config: { access: "metrics.read" },
    schema: {
      operationId: "getMetrics",
      summary: "Metrics for Prometheus",
      tags: TAGS,
      response: answersText("text/plain", "The metrics in the text format of Prometheus."),
    },
    handler: async (_request, reply) => {
      reply.serializer(String);
      return reply.type(metrics.contentType).send(await metrics.read());
    },
  });
  app.route({
    method: "GET",
    url: "/api/v1/errors/:code",
    config: { access: "public" },
    schema: {
      operationId: "explainError",
      summary: "What an error code means, and the way out",
      tags: TAGS,
      security: [],
      params: z.object({ code: z.string().max(64) }),
      response: answers(errorSchema, "The code's entry."),
    },
    handler: async ({ params: { code } }) => {
      if (!isErrorCode(code)) throw new MusterError("RESOURCE_NOT_FOUND", { kind: "error code", code });
      return { code, ...ERROR_REGISTRY[code] };
    },
  });
}
