import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { text } from "node:stream/consumers";

/** What a client sent. */
export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

export type Answer = (response: ServerResponse, seen: Seen) => void;

/** A server that gives the answers in turn, the last one for ever, and remembers what it was asked. */
export async function stubServer(answers: readonly Answer[]) {
  const seen: Seen[] = [];
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const { method = "", url = "", headers } = request;
    const entry = { method, url, headers, body: await text(request) };
    seen.push(entry);
    answers[Math.min(seen.length, answers.length) - 1]?.(response, entry);
  };
  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : 0;
  return {
    seen,
    address: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export const json =
  (status: number, body: unknown, type = "application/json"): Answer =>
  (response) => {
    response.writeHead(status, { "content-type": type });
    response.end(JSON.stringify(body));
  };

export const problem = (status: number, code: string, details: Record<string, unknown> = {}): Answer =>
  json(
    status,
    { type: "about:blank", title: code, status, detail: "d", code, help: "h", retryable: false, details },
    "application/problem+json",
  );
