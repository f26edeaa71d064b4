import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";
import { type Answer, answer, ok, problem } from "./fake-api.ts";
import { createFakeEvents } from "./fake-events.ts";
import { createFakeFleet } from "./fake-fleet.ts";

export const FAKE_TOKEN = "muster-admin-token-for-the-fake";
const COOKIE = "muster_session=fake";

export interface FakeServerOptions {
  readonly port: number;
  readonly scene: "busy" | "empty";
  readonly agents: number;
  /** The built pages. */
  readonly dist: string;
}

export interface FakeServer {
  readonly address: string;
  /** Breaks every stream of events. */
  cutStreams(): void;
  close(): Promise<void>;
}

/** As strict as the real server may be: neither scripts nor styles may be inline. */
export const CONTENT_POLICY = [
  "default-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join("; ");

/** Serves the built pages and a fake API beneath them. */
export async function startFakeServer(options: FakeServerOptions): Promise<FakeServer> {
  const fleet = createFakeFleet(options.scene, options.agents, Date.now());
  const events = createFakeEvents(fleet);
  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => {
      response.writeHead(500).end(String(error));
    });
  });

  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    const url = new URL(request.url ?? "/", "http://fake");
    if (url.pathname === "/fake/cut") {
      events.cut();
      response.writeHead(204).end();
    } else if (!url.pathname.startsWith("/api/")) await serveFile(options.dist, url.pathname, response);
    else if (url.pathname === "/api/v1/session/methods") reply(response, ok({ setup: true, oidc: null }));
    else if (url.pathname === "/api/v1/session") reply(response, await session(request, response));
    else if (!isSignedIn(request)) reply(response, problem("AUTH_REQUIRED", url.pathname));
    else if (url.pathname === "/api/v1/live") {
      const lastEventId = request.headers["last-event-id"];
      events.listen(response, url.searchParams.get("rollout"), lastEventId?.toString());
    } else reply(response, answer(fleet, request.method ?? "GET", url, Date.now()));
  };

  const timer = setInterval(() => events.beat(Date.now()), 500);
  await new Promise<void>((resolve) => server.listen(options.port, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    address: `http://127.0.0.1:${port}`,
    cutStreams: events.cut,
    close: () => {
      clearInterval(timer);
      return close(server);
    },
  };
}

function close(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => {
    server.close(() => resolve());
  });
}

const isSignedIn = (request: IncomingMessage) => (request.headers.cookie ?? "").includes(COOKIE);

async function session(request: IncomingMessage, response: ServerResponse): Promise<Answer> {
  const view = {
    actor: "admin",
    role: "administrator",
    grants: [{ role: "administrator", groupId: null }],
    userId: null,
    expiresAt: null,
  };
  if (request.method === "GET")
    return isSignedIn(request) ? ok(view) : problem("AUTH_REQUIRED", "no session");
  if (request.method === "DELETE") {
    response.setHeader("set-cookie", "muster_session=; Max-Age=0; Path=/");
    return { status: 204, body: null };
  }
  const { token } = JSON.parse(await text(request)) as { token: string };
  if (token !== FAKE_TOKEN) return problem("AUTH_REQUIRED", "the token is not known");
  response.setHeader("set-cookie", `${COOKIE}; HttpOnly; SameSite=Strict; Path=/`);
  return ok(view);
}

async function text(request: IncomingMessage): Promise<string> {
  let body = "";
  for await (const chunk of request) body += String(chunk);
  return body;
}

function reply(response: ServerResponse, { status, body }: Answer): void {
  const type = status < 400 ? "application/json" : "application/problem+json";
  response.writeHead(status, { "content-type": type, "cache-control": "no-store" });
  response.end(status === 204 ? undefined : JSON.stringify(body));
}

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2",
};

async function serveFile(dist: string, path: string, response: ServerResponse): Promise<void> {
  const file = extname(path) === "" ? "index.html" : normalize(path);
  const type = TYPES[extname(file)] ?? "application/octet-stream";
  try {
    const body = await readFile(join(dist, file));
    response.writeHead(200, { "content-type": type, "content-security-policy": CONTENT_POLICY }).end(body);
  } catch {
    response.writeHead(404, { "content-type": "text/plain" }).end("not found");
  }
}
