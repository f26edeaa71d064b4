import { existsSync } from "node:fs";
import { join } from "node:path";
import fastifyStatic from "@fastify/static";
import type { FastifyReply, FastifyRequest } from "fastify";
import { type App, noSuchRoute } from "./app.ts";

/** Vite puts a hash of the content into these names, so they never change. */
const IMMUTABLE = "public, max-age=31536000, immutable";
const REVALIDATE = "no-cache";
/** Where no page is: an address under these that no route has is an error of the API. */
const NO_PAGES = /^\/(?:api|metrics|healthz|readyz|assets)(?:\/|$)/;

const MISSING = `<!doctype html>
<html lang="en">
  <head><meta charset="utf-8" /><title>Muster</title></head>
  <body>
    <h1>The pages are not built</h1>
    <p>The server runs and its API works. Build the pages with <code>npm run build</code>, or tell the server where they
    are with <code>--web DIR</code>; then load this page again.</p>
  </body>
</html>
`;

/** Serves the built pages; every address that could be a page gets the one document, whose router does the rest. */
export async function serveWebPages(app: App, folder: string): Promise<void> {
  await app.register(fastifyStatic, {
    root: folder,
    // Answers by `sendFile` alone: no route of its own that would have to say who may use it.
    serve: false,
    preCompressed: true,
    index: false,
    cacheControl: false,
    suppressWarning: true,
    setHeaders: (reply, path) => {
      const immutable = path.startsWith(join(folder, "assets"));
      reply.header("cache-control", immutable ? IMMUTABLE : REVALIDATE);
    },
  });
  app.setNotFoundHandler((request, reply) => answerPage(folder, request, reply));
}

function answerPage(folder: string, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const path = request.url.split("?")[0] ?? "/";
  const reads = request.method === "GET" || request.method === "HEAD";
  const isAsset = path.startsWith("/assets/") || /\.[a-z0-9]+$/i.test(path);
  if (reads && isAsset && !path.startsWith("/api/") && isFileIn(folder, path)) return reply.sendFile(path);
  if (!reads || isAsset || NO_PAGES.test(path)) throw noSuchRoute(request.method, request.url);
  if (!existsSync(join(folder, "index.html"))) {
    return reply.code(503).type("text/html; charset=utf-8").header("cache-control", "no-store").send(MISSING);
  }
  return reply.type("text/html; charset=utf-8").sendFile("index.html");
}

/** Whether the built pages have this file. A name that would lead out of the folder has none. */
function isFileIn(folder: string, path: string): boolean {
  if (path.includes("..") || path.includes("\0") || path.includes("%")) return false;
  return existsSync(join(folder, path));
}
