import {
  type EventFilter,
  type EventJournal,
  type EventLog,
  type EventRecord,
  toCloudEvent,
} from "@muster/fleet";
import { createBell, type EventSink, keepAlive, type KeepAliveOptions } from "./event-stream.ts";

const EVENTS_AT_ONCE = 200;

export interface EventLogReader extends Omit<KeepAliveOptions, "line"> {
  readonly filter: EventFilter;
  /** Sequence of the last event that the reader has; null: it wants what comes from now on. */
  readonly after: number | null;
  readonly format: "sse" | "ndjson";
  /** CloudEvents' `source`. */
  readonly source: string;
}

/**
 * Writes the kept events to one reader, and then each as it comes, until it goes. Nothing is kept for a reader: it comes
 * back with the last sequence it has seen, after a restart too, and gets every event at least once.
 */
export async function serveEventLog(
  { log, journal }: { readonly log: EventLog; readonly journal: EventJournal },
  sink: EventSink,
  reader: EventLogReader,
): Promise<void> {
  const bell = createBell();
  const leave = journal.subscribe(bell.ring);
  const { clock, isAllowed, format } = reader;
  const line = format === "sse" ? ": alive\n\n" : "\n";
  const stopKeepingAlive = keepAlive(sink, { clock, isAllowed, line });
  sink.onEnd(bell.ring);
  try {
    let place = reader.after ?? (await log.newest());
    while (!sink.ended) {
      const batch = await log.after(place, reader.filter, EVENTS_AT_ONCE);
      // From 0 a reader asks for whatever is kept.
      if (batch.isGap && place > 0) await sink.write(formatEvent(missed(place, clock.now()), reader));
      for (const event of batch.events) await sink.write(formatEvent(event, reader));
      place = Math.max(place, batch.through);
      if (batch.events.length < EVENTS_AT_ONCE && !sink.ended) await bell.rung();
    }
  } finally {
    stopKeepingAlive();
    leave();
    sink.end();
  }
}

function formatEvent(event: EventRecord, { format, source }: EventLogReader): string {
  const data = JSON.stringify(toCloudEvent(event, source));
  return format === "ndjson" ? `${data}\n` : `id: ${event.sequence}\nevent: ${event.type}\ndata: ${data}\n\n`;
}

/** Says that events after a sequence are not kept any more. */
function missed(after: number, at: number): EventRecord {
  return {
    sequence: after,
    id: `missed-${after}`,
    at,
    type: "events_missed",
    category: "stream",
    severity: "warning",
    code: null,
    message: `Events after ${after} are not kept any more; read how things stand now`,
    agentId: null,
    rolloutId: null,
    targetId: null,
    wave: null,
    product: null,
    version: null,
    data: {},
  };
}
