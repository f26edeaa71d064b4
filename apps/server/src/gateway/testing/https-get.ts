import type { IncomingHttpHeaders } from "node:http";
import { request } from "node:https";

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** Whether the body came to its end. */
  readonly complete: boolean;
}

export interface HttpQuestion {
  readonly port: number;
  readonly path: string;
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly identity: { readonly ca: string; readonly key?: string; readonly cert?: string };
}

/** One request on a connection of its own; a body that breaks off is an answer too. */
export function ask({
  port,
  path,
  method = "GET",
  headers = {},
  identity,
}: HttpQuestion): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const options = { host: "localhost", port, path, method, headers, agent: false, ...identity };
    const sent = request(options, (response) => {
      const pieces: Buffer[] = [];
      response.on("data", (piece: Buffer) => pieces.push(piece));
      response.on("error", () => undefined);
      response.on("close", () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(pieces),
          complete: response.complete,
        }),
      );
    });
    sent.on("error", reject);
    sent.end();
  });
}
