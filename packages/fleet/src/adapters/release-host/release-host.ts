import { MusterError } from "@muster/core";
import type { Clock } from "../../ports.ts";
import type { HostListing, HostRelease, ReleaseHost, SourcePlace } from "../../sources/ports.ts";
import { parseDestination } from "../fetcher/destination.ts";
import {
  type FetchLimits,
  type Guard,
  type GuardedAnswer,
  type GuardedRequest,
  requestGuarded,
} from "../fetcher/guarded-request.ts";
import { retryAfterOf } from "../fetcher/retry-after.ts";
import { DIALECTS } from "./dialects.ts";
import { readOneRelease, readReleaseList } from "./host-answer.ts";

/** Releases in a list. */
const LISTED = 30;
const ANSWER_MAX_BYTES = 8 * 1_048_576;
const LIMITS: FetchLimits = { overallMs: 60_000, idleMs: 20_000, connectMs: 10_000 };
const NOT_MODIFIED = 304;
/** How long to leave a host alone that does not say, in milliseconds. */
const RATE_LIMITED_MS = 60_000;

export interface ReleaseHostPorts {
  /** It need not list the hosts: a source is what allows them, for its own requests. */
  readonly guard: Guard;
  readonly clock: Clock;
}

/** Speaks to GitHub, Forgejo and Gitea. */
export function createReleaseHost({ guard, clock }: ReleaseHostPorts): ReleaseHost {
  const ask = (request: GuardedRequest) => askHost({ ...guard, limits: LIMITS }, request);
  return {
    nameOf: (kind, host) => {
      const name = DIALECTS[kind].nameOf(host);
      // Only what can be told without asking anybody; the rest shows when it is connected to.
      parseDestination(`https://${name}/`, undefined, { allows: () => true, network: guard.network });
      return name;
    },
    list: async (place, validator, signal): Promise<HostListing> => {
      const asked = question(place, `?${DIALECTS[place.kind].listQuery(LISTED)}`);
      const headers = { ...asked.headers, ...(validator !== null && { "if-none-match": validator }) };
      const answer = await ask({ ...asked, headers, signal });
      if (answer.status === NOT_MODIFIED && validator !== null) return { kind: "unchanged" };
      const releases = readReleaseList(requireGood(answer, place, clock));
      return { kind: "listed", releases, validator: answer.headers["etag"] ?? null };
    },
    find: async (place, tag, signal): Promise<HostRelease> => {
      const answer = await ask({ ...question(place, `/tags/${encodeURIComponent(tag)}`), signal });
      const missing = () => new MusterError("SOURCE_RELEASE_NOT_FOUND", { repository: nameOf(place), tag });
      if (answer.status === 404) throw missing();
      const release = readOneRelease(requireGood(answer, place, clock));
      if (!release || release.tag !== tag) throw missing();
      return release;
    },
    read: async (location, maxBytes, signal) => {
      const answer = await requestGuarded(
        { ...guard, limits: LIMITS },
        {
          ...location,
          headers: { accept: "application/octet-stream", ...location.headers },
          maxBytes,
          signal,
        },
      );
      try {
        if (answer.status === 200) return await readAll(answer.body);
        throw new MusterError("MIRROR_FETCH_FAILED", {
          url: answer.from,
          status: answer.status,
          problem: `the host answered ${answer.status}`,
        });
      } finally {
        await answer.close();
      }
    },
    locate: (place, tag, asset) => DIALECTS[place.kind].locate(place, tag, asset),
  };
}

function question(place: SourcePlace, path: string): Omit<GuardedRequest, "signal"> {
  const dialect = DIALECTS[place.kind];
  return {
    url: `${dialect.releasesUrl(place)}${path}`,
    headers: dialect.headers,
    credential: dialect.credential(place),
    hosts: dialect.hosts(place),
    maxBytes: ANSWER_MAX_BYTES,
  };
}

interface HostAnswer extends Pick<GuardedAnswer, "status" | "headers" | "from"> {
  readonly text: string;
}

/** Asks a host's API; a host that cannot be asked is `SOURCE_UNAVAILABLE`. */
async function askHost(guard: Guard, request: GuardedRequest): Promise<HostAnswer> {
  try {
    const answer = await requestGuarded(guard, request);
    try {
      const { status, headers, from } = answer;
      return { status, headers, from, text: new TextDecoder().decode(await readAll(answer.body)) };
    } finally {
      await answer.close();
    }
  } catch (error) {
    if (!(error instanceof MusterError)) throw error;
    if (error.code === "MIRROR_FETCH_FAILED") {
      throw new MusterError("SOURCE_UNAVAILABLE", error.details, { cause: error });
    }
    if (error.code === "MIRROR_TOO_LARGE") {
      const problem = `is over ${request.maxBytes} bytes`;
      throw new MusterError("SOURCE_ANSWER_INVALID", { problem }, { cause: error });
    }
    throw error;
  }
}

function requireGood({ status, headers, from, text }: HostAnswer, place: SourcePlace, clock: Clock): string {
  if (status === 200) return text;
  const waitMs = rateLimitOf({ status, headers }, clock.now());
  if (waitMs !== null) {
    throw new MusterError("SOURCE_RATE_LIMITED", { host: place.host, status, retryAfterMs: waitMs });
  }
  if ([401, 403, 404].includes(status)) {
    throw new MusterError("SOURCE_ACCESS_DENIED", {
      repository: nameOf(place),
      status,
      token: place.token === null ? "none" : "given",
    });
  }
  throw new MusterError("SOURCE_UNAVAILABLE", { url: from, status, problem: `the host answered ${status}` });
}

/**
 * How long a host asks to be left alone, in milliseconds; null if it does not. GitHub answers 403 as well as 429, with
 * `retry-after` or with nothing remaining until `x-ratelimit-reset`, in seconds since 1970.
 */
function rateLimitOf(
  { status, headers }: Pick<HostAnswer, "status" | "headers">,
  now: number,
): number | null {
  if (status !== 403 && status !== 429) return null;
  const afterMs = retryAfterOf(headers);
  if (afterMs !== null) return afterMs;
  const resetAt = Number(headers["x-ratelimit-reset"]) * 1000;
  if (headers["x-ratelimit-remaining"] === "0" && resetAt > now) return resetAt - now;
  return status === 429 ? RATE_LIMITED_MS : null;
}

function nameOf({ host, owner, repo }: SourcePlace): string {
  return `${host}/${owner}/${repo}`;
}

async function readAll(body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}
