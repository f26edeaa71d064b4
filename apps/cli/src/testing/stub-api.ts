import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { buffer } from "node:stream/consumers";
import { ERROR_REGISTRY, type ErrorCode } from "@muster/core";

/** One request that the stub got. */
export interface ApiRequest {
  readonly route: string;
  readonly query: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly token: string | undefined;
}

/** Answers a route: the value becomes JSON, a string is an error code, undefined is 204; a function answers itself. */
export type ApiRoute = (request: ApiRequest) => unknown;

/** A server that has the given routes, such as `GET /api/v1/agents`, and remembers what it was asked. */
export async function stubApi(
  routes: Readonly<Record<string, ApiRoute>>,
  options: { /** Answers this route before its body was read. */ readonly hasty?: string } = {},
) {
  const requests: ApiRequest[] = [];
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const url = new URL(request.url ?? "/", "http://stub");
    const route = `${request.method} ${url.pathname}`;
    const seen = {
      route,
      query: Object.fromEntries(url.searchParams),
      body: route === options.hasty ? Buffer.alloc(0) : await buffer(request),
      token: request.headers.authorization?.replace("Bearer ", ""),
    };
    requests.push(seen);
    send(response, routes[route]?.(seen) ?? (route in routes ? undefined : "ROUTE_NOT_FOUND"));
  };
  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : 0;
  return {
    requests,
    address: `http://127.0.0.1:${port}`,
    env: { MUSTER_SERVER: `http://127.0.0.1:${port}`, MUSTER_TOKEN: "secret" },
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function send(response: ServerResponse, value: unknown): void {
  if (typeof value === "function") {
    value(response);
  } else if (value === undefined) {
    response.writeHead(204).end();
  } else if (typeof value === "string") {
    const code = value as ErrorCode;
    const { httpStatus: status, meaning: title, help, retryable } = ERROR_REGISTRY[code];
    const problem = { type: "about:blank", title, status, detail: title, code, help, retryable, details: {} };
    response.writeHead(status, { "content-type": "application/problem+json" }).end(JSON.stringify(problem));
  } else {
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(value));
  }
}

/** One page that holds everything. */
export const pageOf = <T>(items: readonly T[]) => ({ items, nextCursor: null, total: items.length });
