import { MusterError } from "@muster/core";
import type { OpenedContent, ResumePoint } from "../../ports.ts";
import type { ArtifactFetcher, FetchRequest } from "../../registry/ports.ts";
import { parseAllowList } from "./allow-list.ts";
import { type FetchLimits, type Guard, type GuardedAnswer, requestGuarded } from "./guarded-request.ts";
import type { Network } from "./network.ts";
import { retryAfterOf } from "./retry-after.ts";

const PARTIAL_CONTENT = 206;
const RANGE_NOT_SATISFIABLE = 416;
/** RFC 9110 §14.4. */
const CONTENT_RANGE = /^bytes (\d+)-\d+\/(?:\d+|\*)$/;

export const FETCH_LIMITS: FetchLimits = { overallMs: 2 * 3_600_000, idleMs: 60_000, connectMs: 10_000 };

/** A guard over a network that lets requests to the listed hosts (see `parseAllowList`). Throws `SERVER_CONFIG_INVALID`. */
export function createGuard(
  network: Network,
  allowedHosts: readonly string[],
  limits: FetchLimits = FETCH_LIMITS,
): Guard {
  return { allows: parseAllowList(allowedHosts), network, limits };
}

/** Fetches artifacts under a guard. */
export function createGuardedFetcher(guard: Guard): ArtifactFetcher {
  return { fetch: (request) => fetchArtifact(guard, request) };
}

async function fetchArtifact(guard: Guard, request: FetchRequest): Promise<OpenedContent> {
  const { from, location, ...limits } = request;
  const headers = {
    accept: "application/octet-stream, */*",
    ...location.headers,
    ...(from && rangeHeaders(from)),
  };
  const answer = await requestGuarded(guard, { ...location, ...limits, headers });
  try {
    if (from && answer.status === RANGE_NOT_SATISFIABLE) {
      await answer.close();
      return await fetchArtifact(guard, { ...request, from: null });
    }
    const startsAt = from && answer.status === PARTIAL_CONTENT ? startOf(answer) : 0;
    const isGood = answer.status === 200 || (startsAt > 0 && startsAt === from?.byte);
    if (!isGood) throw refusedAnswer(answer);
    return {
      startsAt,
      validator: strongValidator(answer),
      content: answer.body,
      close: () => answer.close(),
    };
  } catch (error) {
    await answer.close();
    throw error;
  }
}

/** The rest of what the validator names, or else all of it (RFC 9110 §13.1.5). */
function rangeHeaders({ byte, validator }: ResumePoint): Record<string, string> {
  return { range: `bytes=${byte}-`, ...(validator !== null && { "if-range": validator }) };
}

function startOf({ headers }: GuardedAnswer): number {
  return Number(CONTENT_RANGE.exec(headers["content-range"] ?? "")?.[1] ?? 0);
}

/** A weak entity tag does not tell whether bytes are the same (RFC 9110 §8.8.1). */
function strongValidator({ headers }: GuardedAnswer): string | null {
  const tag = headers["etag"];
  return tag !== undefined && /^"[\x21\x23-\x7e]{0,256}"$/.test(tag) ? tag : null;
}

function refusedAnswer({ status, from, headers }: GuardedAnswer): MusterError {
  const retryAfterMs = retryAfterOf(headers);
  return new MusterError("MIRROR_FETCH_FAILED", {
    url: from,
    status,
    problem: `the host answered ${status}`,
    ...(retryAfterMs !== null && { retryAfterMs }),
  });
}
