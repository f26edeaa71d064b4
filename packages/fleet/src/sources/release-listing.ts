import { asMusterError, MusterError } from "@muster/core";
import type { Clock } from "../ports.ts";
import type { HostRelease, ReleaseHost, SourcePlace } from "./ports.ts";

/** How long a host's answer is good, in milliseconds. */
const GOOD_MS = 5 * 60_000;
/** The same when somebody wants it fresh. */
const FRESH_MS = 10_000;
/** How long a host that could not be asked is left alone, in milliseconds, if it does not say itself. */
const REST_MS = 30_000;

export interface ListingPorts {
  readonly host: Pick<ReleaseHost, "list">;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** A host's recent releases, as of a moment. */
export interface Listing {
  readonly releases: readonly HostRelease[];
  readonly checkedAt: number;
  /** Why the host could not be asked since then, and how long it wants to be left alone. */
  readonly problem: { readonly error: MusterError; readonly retryAfterMs: number | null } | null;
}

/** Hosts' recent releases, asked for seldom, and once however many want to know. */
export interface ReleaseListing {
  /** Throws what the host does, unless it has answered before. */
  read(id: string, place: SourcePlace, options: { readonly refresh: boolean }): Promise<Listing>;
  /** Forgets what it knows of a source. */
  forget(id: string): void;
}

interface Known {
  readonly releases: readonly HostRelease[];
  readonly validator: string | null;
  readonly checkedAt: number;
}

interface Memory {
  known: Known | null;
  failure: { readonly error: MusterError; readonly restUntil: number } | null;
  asking: Promise<void> | null;
}

export function createReleaseListing({ host, clock, signal }: ListingPorts): ReleaseListing {
  const memories = new Map<string, Memory>();

  const ask = async (memory: Memory, place: SourcePlace) => {
    try {
      const listing = await host.list(place, memory.known?.validator ?? null, signal);
      const checkedAt = clock.now();
      if (listing.kind === "listed") memory.known = { ...listing, checkedAt };
      else if (memory.known) memory.known = { ...memory.known, checkedAt };
      memory.failure = null;
    } catch (thrown) {
      const error = asMusterError(thrown);
      memory.failure = { error, restUntil: clock.now() + (retryAfterOf(error) ?? REST_MS) };
    } finally {
      memory.asking = null;
    }
  };

  return {
    read: async (id, place, { refresh }) => {
      const memory = memories.get(id) ?? { known: null, failure: null, asking: null };
      memories.set(id, memory);
      if (isToBeAsked(memory, clock.now(), refresh)) memory.asking ??= ask(memory, place);
      await memory.asking;
      return toListing(memory, clock.now());
    },
    forget: (id) => void memories.delete(id),
  };
}

/** A rate limit holds for everybody; any other rest ends when somebody wants a fresh answer. */
function isToBeAsked({ known, failure }: Memory, now: number, refresh: boolean): boolean {
  const isLimited = failure !== null && retryAfterOf(failure.error) !== null;
  if (failure && now < failure.restUntil && (isLimited || (known !== null && !refresh))) return false;
  return !known || now - known.checkedAt >= (refresh ? FRESH_MS : GOOD_MS);
}

function toListing({ known, failure }: Memory, now: number): Listing {
  const retryAfterMs = failure && retryAfterOf(failure.error) !== null ? failure.restUntil - now : null;
  const error = failure && withWait(failure.error, retryAfterMs);
  if (!known) throw error ?? new MusterError("SOURCE_UNAVAILABLE");
  const { releases, checkedAt } = known;
  return { releases, checkedAt, problem: error && { error, retryAfterMs } };
}

/** The error as it is by now: less is left to wait. */
function withWait(error: MusterError, retryAfterMs: number | null): MusterError {
  if (retryAfterMs === null) return error;
  return new MusterError(error.code, { ...error.details, retryAfterMs }, { cause: error.cause });
}

function retryAfterOf({ details }: MusterError): number | null {
  const { retryAfterMs } = details;
  return typeof retryAfterMs === "number" ? retryAfterMs : null;
}
