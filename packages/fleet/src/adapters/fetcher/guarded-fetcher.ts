import { MusterError } from "@muster/core";
import { Agent, type Dispatcher } from "undici";
import type { ArtifactFetcher, FetchOptions } from "../../registry/ports.ts";
import { type AllowList, parseAllowList } from "./allow-list.ts";
import { displayUrl, parseDestination } from "./destination.ts";
import { guardedConnector } from "./guarded-connector.ts";
import { type Network, PUBLIC_NETWORK } from "./network.ts";

const REDIRECTS_MAX = 5;
const REDIRECT_BODY_MAX_BYTES = 16_384;
const REDIRECTS = [301, 302, 303, 307, 308];

/** How long a fetch may take, in milliseconds. */
export interface FetchLimits {
  /** From the first address to the last byte. */
  readonly overallMs: number;
  /** Without a byte. */
  readonly idleMs: number;
  /** For each connection. */
  readonly connectMs: number;
}

export const FETCH_LIMITS: FetchLimits = { overallMs: 2 * 3_600_000, idleMs: 60_000, connectMs: 10_000 };

interface Guard {
  readonly allows: AllowList;
  readonly network: Network;
  readonly limits: FetchLimits;
}

/**
 * Fetches over https from the listed hosts (see `parseAllowList`), and only from public addresses: at the first address
 * and at each of at most five redirects. It sends no credentials. Throws `SERVER_CONFIG_INVALID`.
 */
export function createGuardedFetcher(allowedHosts: readonly string[]): ArtifactFetcher {
  return createFetcherOn(PUBLIC_NETWORK, allowedHosts, FETCH_LIMITS);
}

/** The same on another network; for tests. */
export function createFetcherOn(
  network: Network,
  allowedHosts: readonly string[],
  limits: FetchLimits,
): ArtifactFetcher {
  const guard = { allows: parseAllowList(allowedHosts), network, limits };
  return { fetch: (url, options) => fetchGuarded(url, options, guard) };
}

async function* fetchGuarded(
  location: string,
  { maxBytes, signal }: FetchOptions,
  guard: Guard,
): AsyncGenerator<Uint8Array> {
  const { overallMs, idleMs, connectMs } = guard.limits;
  const overdue = AbortSignal.timeout(overallMs);
  const agent = new Agent({
    connect: guardedConnector(guard.network, connectMs),
    headersTimeout: idleMs,
    bodyTimeout: idleMs,
  });
  let received = 0;
  try {
    const either = AbortSignal.any([signal, overdue]);
    const { body, headers } = await follow(location, { guard, agent, signal: either });
    if (Number(headers["content-length"]) > maxBytes) throw tooLarge(maxBytes);
    for await (const chunk of body as AsyncIterable<Uint8Array>) {
      received += chunk.byteLength;
      if (received > maxBytes) throw tooLarge(maxBytes);
      yield chunk;
    }
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof MusterError) throw error;
    const problem = overdue.aborted ? `took longer than ${overallMs} ms` : problemOf(error);
    throw new MusterError("MIRROR_FETCH_FAILED", { url: shownLocation(location), problem }, { cause: error });
  } finally {
    await agent.destroy();
  }
}

interface Request {
  readonly guard: Guard;
  readonly agent: Agent;
  readonly signal: AbortSignal;
}

/** The answer at the end of the redirects. */
async function follow(location: string, { guard, agent, signal }: Request): Promise<Dispatcher.ResponseData> {
  let url = parseDestination(location, undefined, guard);
  for (let redirects = 0; redirects <= REDIRECTS_MAX; redirects += 1) {
    const response = await agent.request({
      origin: url.origin,
      path: `${url.pathname}${url.search}`,
      method: "GET",
      headers: { accept: "application/octet-stream, */*", "accept-encoding": "identity" },
      signal,
    });
    if (response.statusCode === 200) return response;
    await response.body.dump({ limit: REDIRECT_BODY_MAX_BYTES });
    const next = response.headers.location;
    if (!REDIRECTS.includes(response.statusCode) || typeof next !== "string") {
      throw new MusterError("MIRROR_FETCH_FAILED", {
        url: displayUrl(url),
        status: response.statusCode,
        problem: `the host answered ${response.statusCode}`,
      });
    }
    url = parseDestination(next, url, guard);
  }
  throw new MusterError("MIRROR_FETCH_FAILED", {
    url: displayUrl(url),
    problem: `is redirected more than ${REDIRECTS_MAX} times`,
  });
}

function tooLarge(maxBytes: number): MusterError {
  return new MusterError("MIRROR_TOO_LARGE", { expectedBytes: maxBytes });
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
