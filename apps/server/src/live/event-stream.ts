import type { Clock } from "@muster/fleet";
import type { LiveFeed } from "./live-feed.ts";

/** How often a line keeps a quiet connection alive, in milliseconds. */
export const KEEP_ALIVE_MS = 15_000;
/** Keep-alives in a row that found the reader not reading, before it is given up. */
const STALLED_MAX = 4;

/** A connection that takes text. */
export interface EventSink {
  /** Resolves when more may be written; at once if it was read as fast as it came. Resolves after the end, too. */
  write(text: string): Promise<void>;
  readonly ended: boolean;
  /** Cuts the connection. */
  end(): void;
  onEnd(callback: () => void): void;
}

export interface KeepAliveOptions {
  /** Asked again and again: the connection must not outlive the credentials. */
  readonly isAllowed: () => Promise<boolean>;
  readonly clock: Clock;
  /** A comment of server-sent events unless told. */
  readonly line?: string;
}

export interface ReaderOptions extends KeepAliveOptions {
  /** Only this rollout's events, and everybody's; null: all. */
  readonly rolloutId: string | null;
  /** Where the reader was, by its own word. */
  readonly lastEventId: string | undefined;
}

/**
 * Writes the events to one reader until it goes. The reader pulls from the ring at its own pace: one that is too slow finds
 * its place gone, gets `reset` and begins anew; nothing is kept for it.
 */
export async function serveEvents(feed: LiveFeed, sink: EventSink, options: ReaderOptions): Promise<void> {
  const bell = createBell();
  const leave = feed.join(bell.ring);
  const stopKeepingAlive = keepAlive(sink, options);
  sink.onEnd(bell.ring);
  try {
    let place = options.lastEventId === undefined ? null : feed.placeOf(options.lastEventId);
    if (options.lastEventId === undefined) place = await writeSnapshot(feed, sink, options.rolloutId);
    while (!sink.ended) {
      if (place === null || !feed.ring.reaches(place)) {
        await sink.write(feed.format({ event: "reset", data: {} }, feed.ring.newest));
        place = await writeSnapshot(feed, sink, options.rolloutId);
        continue;
      }
      const entry = feed.ring.after(place);
      if (entry === undefined) {
        await bell.rung();
        continue;
      }
      place = entry.sequence;
      if (concerns(options.rolloutId, entry.rolloutId)) await sink.write(entry.text);
    }
  } finally {
    stopKeepingAlive();
    leave();
    sink.end();
  }
}

function concerns(asked: string | null, about: string | null): boolean {
  return asked === null || about === null || asked === about;
}

/** How the fleet stands; returns the place from which the events follow on. */
async function writeSnapshot(feed: LiveFeed, sink: EventSink, rolloutId: string | null): Promise<number> {
  const place = feed.ring.newest;
  for (const event of await feed.snapshot(rolloutId)) await sink.write(feed.format(event, place));
  return place;
}

/** Writes a line into a quiet connection, and ends one that nobody reads or may read any more; returns how to stop. */
export function keepAlive(
  sink: EventSink,
  { clock, isAllowed, line = ": alive\n\n" }: KeepAliveOptions,
): () => void {
  let stalled = 0;
  let callOff: (() => void) | null = null;
  const beat = async () => {
    if (sink.ended) return;
    if (stalled >= STALLED_MAX || !(await isAllowed())) return sink.end();
    stalled += 1;
    wait();
    await sink.write(line);
    stalled = 0;
  };
  const wait = () => {
    callOff = clock.wakeAt(clock.now() + KEEP_ALIVE_MS, () => {
      // Credentials that cannot be checked are none.
      beat().catch(() => sink.end());
    });
  };
  wait();
  return () => callOff?.();
}

/** Wakes the one who waits; a ring while nobody waits is remembered. */
export function createBell() {
  let wake = Promise.withResolvers<void>();
  return {
    ring: () => wake.resolve(),
    rung: async () => {
      await wake.promise;
      wake = Promise.withResolvers();
    },
  };
}
