import type { LiveEvent } from "@muster/protocol/http";
import { createParser } from "eventsource-parser";
import { isSignedOut, ProblemError } from "../api/problem.ts";
import { type Fetch, problemIn } from "../api/request.ts";
import { type Connection, retryDelayMs, SILENT_AFTER_MS } from "./liveness.ts";

/** What the stream needs from its surroundings. */
export interface StreamPorts {
  readonly fetch: Fetch;
  readonly now: () => number;
  readonly random: () => number;
  /** Calls back once after the time; returns how to call it off. */
  readonly after: (ms: number, callback: () => void) => () => void;
}

export interface StreamObserver {
  readonly onConnection: (connection: Connection) => void;
  /** Anything was heard, a comment too. */
  readonly onHeard: (at: number) => void;
  readonly onEvent: (event: LiveEvent) => void;
  /** A stream is open that goes on from no earlier event: what happened before it has to be read. */
  readonly onFresh: () => void;
}

const EVENTS: ReadonlySet<string> = new Set<LiveEvent["event"]>(["rollout", "targets", "overview", "reset"]);

/**
 * Holds a stream of server-sent events open until it is closed: reconnects with jittered backoff, and goes on from the
 * last event it has seen. `fetch` instead of `EventSource`, which hides comments (so silence cannot be told from
 * nothing to say) and gives up for good at the first 503. Returns how to close it.
 */
export function openStream(url: string, ports: StreamPorts, observer: StreamObserver): () => void {
  const closing = new AbortController();
  let lastEventId: string | null = null;
  let attempt = 0;
  let cancelRetry: (() => void) | null = null;

  const retry = () => {
    if (closing.signal.aborted) return;
    const delay = retryDelayMs(attempt, ports.random());
    attempt += 1;
    observer.onConnection({ kind: "waiting", retryAt: ports.now() + delay });
    cancelRetry = ports.after(delay, connect);
  };

  const connect = () => {
    observer.onConnection({ kind: "connecting" });
    const resumeFrom = lastEventId;
    readOnce(url, resumeFrom, ports, closing.signal, {
      onOpen: () => {
        attempt = 0;
        observer.onConnection({ kind: "open" });
        if (resumeFrom === null) observer.onFresh();
      },
      onHeard: () => observer.onHeard(ports.now()),
      onId: (id) => {
        lastEventId = id;
      },
      onEvent: observer.onEvent,
    }).then(retry, (error: unknown) => {
      if (isSignedOut(error)) observer.onConnection({ kind: "closed" });
      else retry();
    });
  };

  connect();
  return () => {
    cancelRetry?.();
    closing.abort();
  };
}

interface Reader {
  readonly onOpen: () => void;
  readonly onHeard: () => void;
  readonly onId: (id: string) => void;
  readonly onEvent: (event: LiveEvent) => void;
}

/** Reads one connection to its end. Throws when it breaks, is refused, or is silent for too long. */
async function readOnce(
  url: string,
  resumeFrom: string | null,
  ports: StreamPorts,
  closing: AbortSignal,
  reader: Reader,
): Promise<void> {
  const silence = new AbortController();
  let cancelWatch = ports.after(SILENT_AFTER_MS, () => silence.abort());
  const heard = () => {
    cancelWatch();
    cancelWatch = ports.after(SILENT_AFTER_MS, () => silence.abort());
    reader.onHeard();
  };
  try {
    const response = await ports.fetch(url, {
      credentials: "same-origin",
      cache: "no-store",
      headers: {
        accept: "text/event-stream",
        ...(resumeFrom === null ? {} : { "last-event-id": resumeFrom }),
      },
      signal: AbortSignal.any([closing, silence.signal]),
    });
    if (!response.ok || response.body === null) throw new ProblemError(await problemIn(response));
    heard();
    reader.onOpen();
    await pump(response.body, reader, heard);
  } finally {
    cancelWatch();
  }
}

async function pump(body: ReadableStream<Uint8Array>, reader: Reader, heard: () => void): Promise<void> {
  const parser = createParser({
    maxBufferSize: 16_000_000,
    onId: reader.onId,
    onEvent: ({ event, data }) => {
      if (event !== undefined && EVENTS.has(event)) {
        reader.onEvent({ event, data: JSON.parse(data) } as LiveEvent);
      }
    },
  });
  const decoder = new TextDecoder();
  const chunks = body.getReader();
  for (let chunk = await chunks.read(); !chunk.done; chunk = await chunks.read()) {
    heard();
    parser.feed(decoder.decode(chunk.value, { stream: true }));
  }
}
