import type { Sources } from "@muster/fleet";
import {
  createSourceSchema,
  importReleaseSchema,
  releaseSchema,
  sourceKeySchema,
  sourceListQuerySchema,
  sourcePageSchema,
  sourceReleasesQuerySchema,
  sourceReleasesSchema,
  sourceSchema,
  updateSourceSchema,
} from "@muster/protocol/http";
import { actorOf } from "../actor.ts";
import type { App } from "../app.ts";
import { auditOf } from "../auditing.ts";
import { answers, answersNothing } from "../route-schemas.ts";

const TAGS = ["Sources"];

export function sourceRoutes(app: App, { sources }: { readonly sources: Sources }): void {
  app.route({
    method: "POST",
    url: "/api/v1/sources",
    config: { access: "sources.manage", audit: "source.create" },
    schema: {
      operationId: "createSource",
      summary: "Add a repository that releases are imported from",
      tags: TAGS,
      body: createSourceSchema,
      response: answers(sourceSchema, "The source."),
    },
    handler: (request) => sources.create(request.body, actorOf(request.actor), auditOf(request)),
  });
  app.route({
    method: "PUT",
    url: "/api/v1/sources/:id",
    config: { access: "sources.manage", audit: "source.update" },
    schema: {
      operationId: "updateSource",
      summary: "Change what is given of a source; its host stays",
      tags: TAGS,
      params: sourceKeySchema,
      body: updateSourceSchema,
      response: answers(sourceSchema, "The source as it is now."),
    },
    handler: (request) => sources.update(request.params.id, request.body, auditOf(request)),
  });
  app.route({
    method: "DELETE",
    url: "/api/v1/sources/:id",
    config: { access: "sources.manage", audit: "source.remove" },
    schema: {
      operationId: "removeSource",
      summary: "Remove a source; what was imported from it stays",
      tags: TAGS,
      params: sourceKeySchema,
      response: answersNothing("It is gone, and its token with it."),
    },
    handler: async (request, reply) => {
      await sources.remove(request.params.id, auditOf(request));
      return reply.code(204).send();
    },
  });
  readRoutes(app, sources);
  importRoutes(app, sources);
}

function readRoutes(app: App, sources: Sources): void {
  app.route({
    method: "GET",
    url: "/api/v1/sources",
    config: { access: "fleet.read" },
    schema: {
      operationId: "listSources",
      summary: "List sources, by name",
      tags: TAGS,
      querystring: sourceListQuerySchema,
      response: answers(sourcePageSchema, "A page of sources."),
    },
    handler: ({ query }) => sources.list(query),
  });
  app.route({
    method: "GET",
    url: "/api/v1/sources/:id",
    config: { access: "fleet.read" },
    schema: {
      operationId: "getSource",
      summary: "Read a source",
      tags: TAGS,
      params: sourceKeySchema,
      response: answers(sourceSchema, "The source."),
    },
    handler: ({ params }) => sources.get(params.id),
  });
}

function importRoutes(app: App, sources: Sources): void {
  app.route({
    method: "GET",
    url: "/api/v1/sources/:id/releases",
    config: { access: "fleet.read" },
    schema: {
      operationId: "listSourceReleases",
      summary: "List a source's recent releases, and which of them can be imported",
      tags: TAGS,
      params: sourceKeySchema,
      querystring: sourceReleasesQuerySchema,
      response: answers(sourceReleasesSchema, "The releases as the host has last told them."),
    },
    handler: ({ params, query }) => sources.releases(params.id, { refresh: query.refresh === "true" }),
  });
  app.route({
    method: "POST",
    url: "/api/v1/sources/:id/import",
    config: { access: "releases.publish", audit: "release.import" },
    schema: {
      operationId: "importRelease",
      summary: "Verify and publish a source's release, and begin to mirror its artifacts",
      tags: TAGS,
      params: sourceKeySchema,
      body: importReleaseSchema,
      response: answers(releaseSchema, "The release as it stands."),
    },
    handler: (request) => {
      const { params, body, actor } = request;
      return sources.import(params.id, body, { actor: actorOf(actor), trail: auditOf(request) });
    },
  });
}
