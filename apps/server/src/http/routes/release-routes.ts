import type { IncomingMessage } from "node:http";
import { MusterError } from "@muster/core";
import type { ReleaseRegistry } from "@muster/fleet";
import {
  artifactKeySchema,
  publishReleaseSchema,
  releaseKeySchema,
  releaseListQuerySchema,
  releasePageSchema,
  releaseSchema,
  yankReleaseSchema,
} from "@muster/protocol/http";
import { actorOf } from "../actor.ts";
import type { App } from "../app.ts";
import { auditOf } from "../auditing.ts";
import { answers } from "../route-schemas.ts";

/** Manifest and signatures in base64, and the JSON around them. */
const PUBLISH_MAX_BYTES = 5 * 1_048_576;
/** How long the rest of a refused archive is waited for, in milliseconds. */
const DRAIN_MS = 30_000;
const TAGS = ["Releases"];

export function releaseRoutes(app: App, { releases }: { readonly releases: ReleaseRegistry }): void {
  app.route({
    method: "POST",
    url: "/api/v1/releases",
    config: { access: "releases.publish", audit: "release.publish" },
    bodyLimit: PUBLISH_MAX_BYTES,
    schema: {
      operationId: "publishRelease",
      summary: "Publish a signed release; the same bytes again change nothing",
      tags: TAGS,
      body: publishReleaseSchema,
      response: answers(releaseSchema, "The release as it stands."),
    },
    handler: (request) => {
      const { body, actor } = request;
      const manifest = Buffer.from(body.manifest, "base64");
      const signatures = Buffer.from(body.signatures, "base64");
      return releases.publish(
        { manifest, signatures, source: body.source },
        actorOf(actor),
        auditOf(request),
      );
    },
  });
  app.route({
    method: "GET",
    url: "/api/v1/releases",
    config: { access: "fleet.read" },
    schema: {
      operationId: "listReleases",
      summary: "List releases, newest first",
      tags: TAGS,
      querystring: releaseListQuerySchema,
      response: answers(releasePageSchema, "A page of releases."),
    },
    handler: ({ query }) => releases.list(query),
  });
  app.route({
    method: "GET",
    url: "/api/v1/releases/:product/:version",
    config: { access: "fleet.read" },
    schema: {
      operationId: "getRelease",
      summary: "Read a release",
      tags: TAGS,
      params: releaseKeySchema,
      response: answers(releaseSchema, "The release."),
    },
    handler: ({ params }) => releases.get(params),
  });
  changeRoutes(app, releases);
  uploadRoute(app, releases);
}

function changeRoutes(app: App, releases: ReleaseRegistry): void {
  app.route({
    method: "POST",
    url: "/api/v1/releases/:product/:version/yank",
    config: { access: "releases.yank", audit: "release.yank" },
    schema: {
      operationId: "yankRelease",
      summary: "Yank a release: no new rollout may use it, running ones pause",
      tags: TAGS,
      params: releaseKeySchema,
      body: yankReleaseSchema,
      response: answers(releaseSchema, "The yanked release."),
    },
    handler: (request) => releases.yank(request.params, request.body.why, auditOf(request)),
  });
  app.route({
    method: "POST",
    url: "/api/v1/releases/:product/:version/retry",
    config: { access: "releases.publish", audit: "release.retry" },
    schema: {
      operationId: "retryRelease",
      summary: "Begin a failed mirroring anew; it goes on where it stopped",
      tags: TAGS,
      params: releaseKeySchema,
      response: answers(releaseSchema, "The release as it stands."),
    },
    handler: (request) => releases.retry(request.params, auditOf(request)),
  });
}

function uploadRoute(app: App, releases: ReleaseRegistry): void {
  // A scope of its own: nowhere else is a body of bytes taken.
  void app.register(async (scope: App) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("application/octet-stream", (_request, payload, done) => done(null, payload));
    scope.route({
      method: "PUT",
      url: "/api/v1/releases/:product/:version/artifacts/:os/:arch",
      config: { access: "releases.publish", audit: "release.upload" },
      schema: {
        operationId: "uploadArtifact",
        summary: "Send one artifact's archive; the last one makes the release ready",
        tags: TAGS,
        consumes: ["application/octet-stream"],
        params: artifactKeySchema,
        response: answers(releaseSchema, "The release as it stands."),
      },
      handler: (request) => {
        const { params, headers, raw } = request;
        if (headers["content-type"] === undefined) {
          throw new MusterError("REQUEST_INVALID", {
            field: "content-type",
            problem: "must be application/octet-stream",
          });
        }
        return releases.upload(params, contentOf(raw), auditOf(request));
      },
    });
  });
}

/** The body as it comes. What is left of it when it is refused in the middle is read and thrown away. */
async function* contentOf(raw: IncomingMessage): AsyncGenerator<Uint8Array> {
  try {
    yield* raw.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>;
  } catch (cause) {
    throw new MusterError("REQUEST_INVALID", { field: "(body)", problem: "was cut off" }, { cause });
  } finally {
    if (!raw.readableEnded) drain(raw);
  }
}

/** Lets a sender come to its end and read the answer, for a while; a connection cut at once would hide it. */
function drain(raw: IncomingMessage): void {
  const impatience = setTimeout(() => raw.destroy(), DRAIN_MS);
  impatience.unref();
  raw.once("close", () => clearTimeout(impatience));
  raw.resume();
}
