import type { Problem } from "@muster/protocol/http";
import { localProblem, ProblemError } from "./problem.ts";

/** The browser's fetch, or a test's. */
export type Fetch = (input: string, init: RequestInit) => Promise<Response>;

export type Query = Readonly<Record<string, string | number | undefined>>;

/** One request as it goes out. */
export interface Request {
  readonly method: "GET" | "POST" | "DELETE";
  readonly path: string;
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}

/** `path` with the query's defined values, in the order they are given. */
export function withQuery(path: string, query: Query): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) params.set(name, String(value));
  }
  return params.size === 0 ? path : `${path}?${params}`;
}

/**
 * The answer's body. The server has the same origin and version as the page, so the body is taken at its word; the
 * schemas hold it in tests. Throws `ProblemError` for an answer of 400 and above, and `SERVER_UNREACHABLE` for none.
 */
export async function send<T>(fetch: Fetch, { method, path, body, signal }: Request): Promise<T> {
  const response = await reach(fetch, path, {
    method,
    credentials: "same-origin",
    headers: {
      accept: "application/json, application/problem+json",
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(signal === undefined ? {} : { signal }),
  });
  if (!response.ok) throw new ProblemError(await problemIn(response));
  return (response.status === 204 ? undefined : await response.json()) as T;
}

async function reach(fetch: Fetch, path: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(path, init);
  } catch (cause) {
    if (init.signal?.aborted) throw cause;
    throw new ProblemError(
      localProblem("SERVER_UNREACHABLE", {
        title: "The server could not be reached",
        detail: `No answer to ${init.method ?? "GET"} ${path}`,
        help: "Check the network and that the server runs. Nothing was changed if this was a click on a button and the server was down.",
        retryable: true,
      }),
      { cause },
    );
  }
}

/** The answer's problem, or one made of its status where something between here and the server answered. */
export async function problemIn(response: Response): Promise<Problem> {
  const type = response.headers.get("content-type") ?? "";
  if (type.startsWith("application/problem+json")) return (await response.json()) as Problem;
  return {
    ...localProblem("RESPONSE_UNEXPECTED", {
      title: `The answer was ${response.status} ${response.statusText}`.trim(),
      detail: "The answer did not come from Muster's API.",
      help: "Look at the proxy between the browser and the server.",
      retryable: response.status >= 500,
    }),
    status: response.status,
  };
}
