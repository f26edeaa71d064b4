import { asMusterError, MusterError } from "@muster/core";
import type { z } from "zod";
import { problemError } from "./problem-error.ts";

/** Where the API is, and as whom to speak to it. */
export interface ClientOptions {
  /** Address of the server, with or without a path before `/api`; in a browser `location.origin`. */
  readonly server: string;
  /** API token; left out where a session's cookie speaks. */
  readonly token?: string | undefined;
  /** The global one unless told. */
  readonly fetch?: Fetch | undefined;
  /** Waits between attempts; for tests. Rejects when the signal aborts. */
  readonly wait?: Wait | undefined;
}

export type Fetch = (input: URL, init: RequestInit) => Promise<Response>;
export type Wait = (ms: number, signal?: AbortSignal) => Promise<void>;
export type Query = Readonly<
  Record<string, string | number | boolean | readonly string[] | null | undefined>
>;

export interface Request {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** From `/api` on, each part encoded; see `path`. */
  readonly path: string;
  readonly query?: Query | undefined;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent as it is, in place of `body`. */
  readonly content?: { readonly body: UploadBody; readonly type: string } | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Until the answer's headers, in milliseconds; 30,000 unless told, null for none. */
  readonly timeoutMs?: number | null | undefined;
}

export type UploadBody = Blob | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>;

/** Sends requests; knows nothing of what they mean. */
export interface Transport {
  /** The answer, if it is a good one; otherwise throws its error. Repeats nothing. */
  readonly send: (request: Request) => Promise<Response>;
  /** The answer's JSON in the form of the schema. A GET that fails in passing is tried again, twice. */
  readonly json: <S extends z.ZodType>(schema: S, request: Request) => Promise<z.output<S>>;
  readonly wait: Wait;
}

const ATTEMPTS = 3;
const FIRST_DELAY_MS = 200;
const LONGEST_DELAY_MS = 10_000;
const TIMEOUT_MS = 30_000;

/** A path of encoded parts, for a tagged template. */
export function path(texts: TemplateStringsArray, ...parts: readonly (string | number)[]): string {
  return String.raw({ raw: texts }, ...parts.map((part) => encodeURIComponent(part)));
}

/** `USAGE_INVALID` if the server's address is none. */
export function createTransport({ server, token, fetch, wait = pause }: ClientOptions): Transport {
  const base = baseAddress(server);
  const doFetch: Fetch = fetch ?? ((input, init) => globalThis.fetch(input, init));

  async function send(request: Request): Promise<Response> {
    const response = await reach(
      base,
      () => doFetch(addressOf(base, request), initOf(request, token)),
      request,
    );
    if (!response.ok) throw await problemError(response);
    return response;
  }

  async function json<S extends z.ZodType>(schema: S, request: Request): Promise<z.output<S>> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await readJson(schema, await send(request));
      } catch (error) {
        if (request.method !== "GET" || attempt >= ATTEMPTS || !isPassing(error)) throw error;
      }
      await wait(FIRST_DELAY_MS * 4 ** (attempt - 1), request.signal);
    }
  }

  return { send, json, wait };
}

/** Whether a request that only reads may find it otherwise in a moment. */
export function isPassing(error: unknown): boolean {
  const codes = ["SERVER_UNREACHABLE", "SERVER_OVERLOADED", "STORE_UNAVAILABLE", "RATE_LIMITED"];
  return error instanceof MusterError && codes.includes(error.code);
}

/** The delay before the next of endless attempts: doubles, up to ten seconds, less a random part. */
export function backoffMs(attempt: number, random: number): number {
  const ceiling = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.min(attempt, 16));
  return Math.round(ceiling * (1 - random / 2));
}

function baseAddress(server: string): URL {
  try {
    const url = new URL(server.endsWith("/") ? server : `${server}/`);
    if (url.protocol === "http:" || url.protocol === "https:") return url;
  } catch (cause) {
    throw new MusterError("USAGE_INVALID", { server, problem: "is not an address" }, { cause });
  }
  throw new MusterError("USAGE_INVALID", { server, problem: "must begin with https:// or http://" });
}

function addressOf(base: URL, { path: place, query = {} }: Request): URL {
  const url = new URL(place.replace(/^\//, ""), base);
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined || value === null) continue;
    if (typeof value === "object") for (const item of value) url.searchParams.append(name, item);
    else url.searchParams.set(name, String(value));
  }
  return url;
}

function initOf(
  { method, body, content, headers, ...request }: Request,
  token: string | undefined,
): RequestInit {
  const signals = [request.signal, timeoutOf(request)].filter((signal) => signal !== undefined);
  const type = content?.type ?? (body === undefined ? undefined : "application/json");
  const payload = content?.body ?? (body === undefined ? undefined : JSON.stringify(body));
  return {
    method,
    headers: {
      accept: "application/json, application/problem+json",
      ...(type !== undefined && { "content-type": type }),
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...headers,
    },
    redirect: "error",
    signal: AbortSignal.any(signals),
    ...(payload !== undefined && { body: payload }),
    // A body that is a stream has to say that it does not wait for the answer meanwhile (Fetch standard).
    ...(content?.body instanceof ReadableStream && { duplex: "half" as const }),
  };
}

function timeoutOf({ timeoutMs = TIMEOUT_MS }: Pick<Request, "timeoutMs">): AbortSignal | undefined {
  return timeoutMs === null ? undefined : AbortSignal.timeout(timeoutMs);
}

async function reach(base: URL, call: () => Promise<Response>, { signal }: Request): Promise<Response> {
  try {
    return await call();
  } catch (error) {
    signal?.throwIfAborted();
    // fetch says only that it failed; why is in the cause.
    const reason = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    const problem = reason instanceof Error ? problemOf(reason) : String(reason);
    throw new MusterError("SERVER_UNREACHABLE", { server: base.origin, problem }, { cause: error });
  }
}

function problemOf(error: Error): string {
  if ("code" in error && error.code === "ERR_SSL_WRONG_VERSION_NUMBER")
    return "it answers without TLS: write http:// in place of https://";
  return error.message || error.name;
}

async function readJson<S extends z.ZodType>(schema: S, response: Response): Promise<z.output<S>> {
  const value: unknown = await response.json().catch((error: unknown) => {
    throw asMusterError(error, "SERVER_UNREACHABLE");
  });
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new MusterError("INTERNAL_UNEXPECTED", {
    problem: "the server's answer does not have the right form; is it of another version?",
    field: issue?.path.join(".") ?? "",
    what: issue?.message ?? "",
  });
}

function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, ms);
    if (signal?.aborted) stop();
    else signal?.addEventListener("abort", stop, { once: true });
  });
}
