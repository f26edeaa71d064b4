import swagger from "@fastify/swagger";
import {
  agentSchema,
  overviewSchema,
  previewSchema,
  problemSchema,
  releaseSchema,
  rolloutRequestSchema,
  rolloutSchema,
  targetSchema,
  tokenSchema,
} from "@muster/protocol/http";
import { createJsonSchemaTransform, createJsonSchemaTransformObject } from "fastify-type-provider-zod";
import { z } from "zod";
import type { App } from "./app.ts";
import { answersText } from "./route-schemas.ts";

const NAMED_SCHEMAS = {
  Agent: agentSchema,
  Overview: overviewSchema,
  Preview: previewSchema,
  Problem: problemSchema,
  RegistrationToken: tokenSchema,
  Release: releaseSchema,
  Rollout: rolloutSchema,
  RolloutRequest: rolloutRequestSchema,
  Target: targetSchema,
};

/** Collects the routes that are registered from now on, and describes them at `/api/v1/openapi.json`. */
export async function describeApi(app: App, version: string): Promise<void> {
  const schemaRegistry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(NAMED_SCHEMAS)) schemaRegistry.add(schema, { id });
  await app.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: {
        title: "Muster",
        version,
        description:
          "The control plane of a fleet: releases, rollouts, agents. Times are milliseconds since 1970.",
        license: { name: "Apache-2.0", identifier: "Apache-2.0" },
      },
      servers: [{ url: "/" }],
      security: [{ token: [] }, { session: [] }],
      components: {
        securitySchemes: {
          token: { type: "http", scheme: "bearer", description: "An API token." },
          session: {
            type: "apiKey",
            in: "cookie",
            name: "muster_session",
            description: "A signed-in browser.",
          },
        },
      },
    },
    transform: createJsonSchemaTransform({ schemaRegistry }),
    transformObject: createJsonSchemaTransformObject({ schemaRegistry }),
  });
  app.route({
    method: "GET",
    url: "/api/v1/openapi.json",
    config: { access: "public" },
    schema: {
      operationId: "getOpenApi",
      summary: "This document",
      tags: ["System"],
      security: [],
      response: answersText("application/json", "The OpenAPI document."),
    },
    handler: async (_request, reply) => {
      reply.serializer(String);
      return reply.type("application/json; charset=utf-8").send(JSON.stringify(app.swagger()));
    },
  });
}
