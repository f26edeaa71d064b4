import { MusterError } from "@muster/core";
import { createParser } from "eventsource-parser";
import { liveEventSchema, type LiveEvent } from "./events.ts";
import { backoffMs, isPassing, type Request, type Transport } from "./transport.ts";

export interface EventOptions {
  /** Only what concerns this rollout, and the overview. */
  readonly rollout?: string | undefined;
  /** Ends the stream; the iteration then ends without an error. */
  readonly signal?: AbortSignal | undefined;
  /** Told when the connection broke and is made again, and null when it stands. */
  readonly onTrouble?: ((error: MusterError | null) => void) | undefined;
  /** Between 0 and 1; for tests. */
  readonly random?: (() => number) | undefined;
}

/** The server sends at least a comment every 15 seconds. */
const SILENCE_MS = 45_000;
/** Most of one event that is kept in memory, in characters. */
const EVENT_MAX = 32_000_000;

/**
 * The server's events, for as long as the signal lets them come. The first is a `reset`, once the connection stands: who
 * reads a snapshot then misses nothing. A broken connection is made again, from the event where it broke; where that is
 * not known another `reset` says to read the snapshot again. Throws what cannot pass by itself, such as
 * `AUTH_REQUIRED`.
 */
export async function* liveEvents(
  transport: Transport,
  options: EventOptions = {},
): AsyncGenerator<LiveEvent> {
  const { signal, onTrouble, random = Math.random } = options;
  const place: Place = { lastEventId: undefined, failures: 0 };
  for (;;) {
    if (signal?.aborted) return;
    try {
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
  lastEventId: string | undefined;
  failures: number;
}

async function* oneConnection(
  transport: Transport,
  { rollout, signal, onTrouble }: EventOptions,
  place: Place,
): AsyncGenerator<LiveEvent> {
  const silence = new AbortController();
  const response = await transport.send(requestOf(place, rollout, anyOf(signal, silence.signal)));
  if (!response.body)
    throw new MusterError("SERVER_UNREACHABLE", { problem: "the stream of events is empty" });
  onTrouble?.(null);
  if (place.lastEventId === undefined) yield { event: "reset", data: {} };
  const parsed: LiveEvent[] = [];
  const parser = createParser({
    maxBufferSize: EVENT_MAX,
    onId: (id) => (place.lastEventId = id === "" ? undefined : id),
    onEvent: (event) => parsed.push(...known(event.event, event.data)),
  });
  for await (const text of chunksOf(response.body, silence)) {
    place.failures = 0;
    parser.feed(text);
    yield* parsed.splice(0);
  }
}

function requestOf({ lastEventId }: Place, rollout: string | undefined, signal: AbortSignal): Request {
  return {
    method: "GET",
    path: "/api/v1/live",
    query: { rollout },
    headers: {
      accept: "text/event-stream",
      ...(lastEventId !== undefined && { "last-event-id": lastEventId }),
    },
    timeoutMs: null,
    signal,
  };
}

/** Text as it comes. Silence, or a break, is `SERVER_UNREACHABLE`. */
export async function* chunksOf(
  body: ReadableStream<Uint8Array>,
  silence: AbortController,
): AsyncGenerator<string> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  try {
    for (;;) {
      const timer = setTimeout(() => silence.abort(), SILENCE_MS);
      const { done, value } = await reader.read().finally(() => clearTimeout(timer));
      if (done) return;
      yield decoder.decode(value, { stream: true });
    }
  } catch (error) {
    const problem = silence.signal.aborted
      ? "the stream of events went silent"
      : "the stream of events broke";
    throw new MusterError("SERVER_UNREACHABLE", { problem }, { cause: error });
  } finally {
    await reader.cancel().catch(ignoreBroken);
  }
}

/** A body that broke before it was given up has nothing left to give up. */
function ignoreBroken(): void {}

/** The event, if this version knows its kind; a newer server may send others. */
function known(event: string | undefined, data: string): readonly LiveEvent[] {
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch (cause) {
    throw new MusterError(
      "INTERNAL_UNEXPECTED",
      { problem: "an event of the server is not JSON" },
      { cause },
    );
  }
  const result = liveEventSchema.safeParse({ event, data: value });
  return result.success ? [result.data] : [];
}

function anyOf(...signals: readonly (AbortSignal | undefined)[]): AbortSignal {
  return AbortSignal.any(signals.filter((signal) => signal !== undefined));
}
