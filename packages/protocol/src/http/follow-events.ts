import { MusterError } from "@muster/core";
import { createParser } from "eventsource-parser";
import {
  cloudEventSchema,
  type CloudEventView,
  type EventStreamQuery,
  eventPageSchema,
} from "./event-log.ts";
import { chunksOf } from "./event-stream.ts";
import { backoffMs, isPassing, type Transport } from "./transport.ts";

export interface FollowOptions {
  /** Sequence of the last event that is known; left out: what comes from now on. */
  readonly after?: number | undefined;
  readonly filter?: Omit<EventStreamQuery, "after" | "format"> | undefined;
  /** Ends the stream; the iteration then ends without an error. */
  readonly signal?: AbortSignal | undefined;
  /** Told when the connection broke and is made again, and null when it stands. */
  readonly onTrouble?: ((error: MusterError | null) => void) | undefined;
  /** Between 0 and 1; for tests. */
  readonly random?: (() => number) | undefined;
}

/** Most of one event that is kept in memory, in characters. */
const EVENT_MAX = 1_000_000;

/**
 * What happens, each event at least once and in order, for as long as the signal lets it come. A broken connection is made
 * again where it broke, also to a server that was started again. Throws what cannot pass by itself, such as
 * `AUTH_REQUIRED`.
 */
export async function* followEvents(
  transport: Transport,
  options: FollowOptions = {},
): AsyncGenerator<CloudEventView> {
  const { signal, onTrouble, random = Math.random } = options;
  const place: Place = { after: options.after ?? null, failures: 0 };
  for (;;) {
    if (signal?.aborted) return;
    try {
      // Known before the first connection, so that what happens while that breaks is not missed.
      place.after ??= await readNewest(transport, signal);
      yield* oneConnection(transport, options, place);
      throw new MusterError("SERVER_UNREACHABLE", { problem: "the stream of events ended" });
    } catch (error) {
      if (signal?.aborted) return;
      if (!(error instanceof MusterError) || !isPassing(error)) throw error;
      onTrouble?.(error);
    }
    try {
      await transport.wait(backoffMs(place.failures++, random()), signal);
    } catch (error) {
      if (!signal?.aborted) throw error;
    }
  }
}

/** Where the reader stands, from one connection to the next. */
interface Place {
  after: number | null;
  failures: number;
}

async function readNewest({ json }: Transport, signal: AbortSignal | undefined): Promise<number> {
  const request = { method: "GET", path: "/api/v1/events", query: { limit: 1 }, signal } as const;
  const { items } = await json(eventPageSchema, request);
  return items[0]?.sequence ?? 0;
}

async function* oneConnection(
  transport: Transport,
  { filter, signal, onTrouble }: FollowOptions,
  place: Place,
): AsyncGenerator<CloudEventView> {
  const silence = new AbortController();
  const response = await transport.send({
    method: "GET",
    path: "/api/v1/events/stream",
    query: { ...filter, after: place.after },
    headers: { accept: "text/event-stream" },
    timeoutMs: null,
    signal: AbortSignal.any([silence.signal, ...(signal ? [signal] : [])]),
  });
  if (!response.body)
    throw new MusterError("SERVER_UNREACHABLE", { problem: "the stream of events is empty" });
  onTrouble?.(null);
  const parsed: { readonly id: string | undefined; readonly data: string }[] = [];
  const parser = createParser({
    maxBufferSize: EVENT_MAX,
    onEvent: ({ id, data }) => parsed.push({ id, data }),
  });
  for await (const text of chunksOf(response.body, silence)) {
    place.failures = 0;
    parser.feed(text);
    for (const { id, data } of parsed.splice(0)) {
      yield readEvent(data);
      // Only now: who was cut off while it worked on an event gets that again.
      if (id !== undefined) place.after = Number(id);
    }
  }
}

function readEvent(data: string): CloudEventView {
  try {
    return cloudEventSchema.parse(JSON.parse(data));
  } catch (cause) {
    const problem = "an event does not have the right form; is the server of another version?";
    throw new MusterError("INTERNAL_UNEXPECTED", { problem }, { cause });
  }
}
