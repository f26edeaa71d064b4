import swagger from "@fastify/swagger";
import type { OpenAPIV3_1 } from "openapi-types";
import { jsonSchemaTransform, jsonSchemaTransformObject } from "fastify-type-provider-zod";
import type { App } from "./app.ts";
import { answersText } from "./route-schemas.ts";

/** Collects the routes that are registered from now on, and describes them at `/api/v1/openapi.json`. */
export async function describeApi(app: App, version: string): Promise<void> {
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
    transform: jsonSchemaTransform,
    transformObject: jsonSchemaTransformObject,
  });
  let document: string | undefined;
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
      document ??= JSON.stringify(tidy(app.swagger() as OpenAPIV3_1.Document));
      return reply.type("application/json; charset=utf-8").send(document);
    },
  });
}

const UPLOAD = "/api/v1/releases/{product}/{version}/artifacts/{os}/{arch}";

/** The document with the one body that has no schema, and without the schemas that nothing refers to. */
function tidy(document: OpenAPIV3_1.Document): OpenAPIV3_1.Document {
  const upload = document.paths?.[UPLOAD]?.put;
  if (upload) {
    const schema = { type: "string", format: "binary", description: "The archive." } as const;
    upload.requestBody = { required: true, content: { "application/octet-stream": { schema } } };
  }
  const schemas = Object.entries(document.components?.schemas ?? {});
  const routes = JSON.stringify(document.paths);
  const used = new Set(schemas.filter(([name]) => refersTo(routes, name)).map(([name]) => name));
  // A set grows while it is walked: what a used schema refers to is used.
  for (const user of used) {
    const text = JSON.stringify(document.components?.schemas?.[user]);
    for (const [name] of schemas) if (refersTo(text, name)) used.add(name);
  }
  const kept = Object.fromEntries(schemas.filter(([name]) => used.has(name)));
  return { ...document, components: { ...document.components, schemas: kept } };
}

function refersTo(text: string, schema: string): boolean {
  return text.includes(`"#/components/schemas/${schema}"`);
}
