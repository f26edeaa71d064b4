import { MusterError } from "@muster/core";
import { Agent, type Dispatcher } from "undici";
import { type AllowList, parseAllowList } from "./allow-list.ts";
import { displayUrl, parseDestination } from "./destination.ts";
import { guardedConnector } from "./guarded-connector.ts";
import type { Network } from "./network.ts";

const REDIRECTS_MAX = 5;
const REDIRECT_BODY_MAX_BYTES = 16_384;
const REDIRECTS = [301, 302, 303, 307, 308];

/** How long a request may take, in milliseconds. */
export interface FetchLimits {
  /** From the first address to the last byte. */
  readonly overallMs: number;
  /** Without a byte. */
  readonly idleMs: number;
  /** For each connection. */
  readonly connectMs: number;
}

/** What every request is held to. */
export interface Guard {
  /** Hosts that any request may go to. */
  readonly allows: AllowList;
  readonly network: Network;
  readonly limits: FetchLimits;
}

/** What proves to one origin who asks. */
export interface Credential {
  /** It is sent to this origin, such as `https://api.github.com`, and to no other. */
  readonly origin: string;
  /** The value of the `Authorization` field. */
  readonly authorization: string;
}

export interface GuardedRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly credential?: Credential | null | undefined;
  /** Hosts that this request may go to besides, see `parseAllowList`. */
  readonly hosts?: readonly string[] | undefined;
  /** Of the body. */
  readonly maxBytes: number;
  readonly signal: AbortSignal;
}

/** The answer at the end of the redirects, whatever its status. */
export interface GuardedAnswer {
  readonly status: number;
  /** The last of each name, in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** The last address, without its query. */
  readonly from: string;
  /** Ends with `MIRROR_TOO_LARGE`, `MIRROR_FETCH_FAILED`, or the signal's own reason. Can be read once. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Lets go of the connection. Idempotent. */
  close(): Promise<void>;
}

/**
 * Asks over https, and only hosts that are listed and addresses that are public: at the first address and at each of at
 * most five redirects. The credential does not come along to another origin, nor back from there. Throws
 * `MIRROR_DESTINATION_FORBIDDEN`, `MIRROR_FETCH_FAILED`, or the signal's own reason. The caller closes the answer.
 */
export async function requestGuarded(guard: Guard, request: GuardedRequest): Promise<GuardedAnswer> {
  const { overallMs, idleMs, connectMs } = guard.limits;
  const overdue = AbortSignal.timeout(overallMs);
  const agent = new Agent({
    connect: guardedConnector(guard.network, connectMs),
    headersTimeout: idleMs,
    bodyTimeout: idleMs,
  });
  const close = () => agent.destroy();
  const failure = (error: unknown) => {
    request.signal.throwIfAborted();
    if (error instanceof MusterError) return error;
    const problem = overdue.aborted ? `took longer than ${overallMs} ms` : problemOf(error);
    return new MusterError(
      "MIRROR_FETCH_FAILED",
      { url: shownLocation(request.url), problem },
      { cause: error },
    );
  };
  try {
    const signal = AbortSignal.any([request.signal, overdue]);
    const { response, url } = await follow({ ...request, signal }, guard, agent);
    const headers = plainHeaders(response.headers);
    return {
      status: response.statusCode,
      headers,
      from: displayUrl(url),
      body: limitedBody(response.body, { maxBytes: request.maxBytes, headers, failure }),
      close,
    };
  } catch (error) {
    await close();
    throw failure(error);
  }
}

async function follow(
  request: GuardedRequest,
  guard: Guard,
  agent: Agent,
): Promise<{ readonly response: Dispatcher.ResponseData; readonly url: URL }> {
  const also = parseAllowList(request.hosts ?? []);
  const checked = {
    network: guard.network,
    allows: (host: string, port: number) => guard.allows(host, port) || also(host, port),
  };
  let url = parseDestination(request.url, undefined, checked);
  let credential = request.credential ?? null;
  for (let redirects = 0; redirects <= REDIRECTS_MAX; redirects += 1) {
    if (credential?.origin !== url.origin) credential = null;
    const response = await agent.request({
      origin: url.origin,
      path: `${url.pathname}${url.search}`,
      method: "GET",
      headers: {
        "user-agent": "muster",
        "accept-encoding": "identity",
        ...request.headers,
        ...(credential && { authorization: credential.authorization }),
      },
      signal: request.signal,
    });
    const next = response.headers.location;
    if (!REDIRECTS.includes(response.statusCode) || typeof next !== "string") return { response, url };
    await response.body.dump({ limit: REDIRECT_BODY_MAX_BYTES });
    url = parseDestination(next, url, checked);
  }
  throw new MusterError("MIRROR_FETCH_FAILED", {
    url: displayUrl(url),
    problem: `is redirected more than ${REDIRECTS_MAX} times`,
  });
}

interface BodyLimit {
  readonly maxBytes: number;
  readonly headers: Readonly<Record<string, string>>;
  /** What an error of the body is to the caller. */
  readonly failure: (error: unknown) => MusterError;
}

async function* limitedBody(
  body: Dispatcher.ResponseData["body"],
  { maxBytes, headers, failure }: BodyLimit,
): AsyncGenerator<Uint8Array> {
  let received = 0;
  try {
    if (Number(headers["content-length"]) > maxBytes) throw tooLarge(maxBytes);
    for await (const chunk of body as AsyncIterable<Uint8Array>) {
      received += chunk.byteLength;
      if (received > maxBytes) throw tooLarge(maxBytes);
      yield chunk;
    }
  } catch (error) {
    throw failure(error);
  }
}

function tooLarge(maxBytes: number): MusterError {
  return new MusterError("MIRROR_TOO_LARGE", { expectedBytes: maxBytes });
}

function plainHeaders(headers: Dispatcher.ResponseData["headers"]): Record<string, string> {
  const plain: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    const last = Array.isArray(value) ? value.at(-1) : value;
    if (last !== undefined) plain[name] = last;
  }
  return plain;
}

function shownLocation(location: string): string {
  return URL.canParse(location) ? displayUrl(new URL(location)) : location.slice(0, 256);
}

function problemOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // A host with several addresses fails with one error for each and no message of its own.
  if (error instanceof AggregateError) return error.errors.map(problemOf).join("; ");
  return error.message;
}
