import type { Bus, Clock } from "@muster/fleet";
import type { LiveEvent } from "@muster/protocol/http";
import type { ChangeSources } from "./change-set.ts";
import { createEventRing, type EventRing } from "./event-ring.ts";
import { createGatherer } from "./gatherer.ts";

/** How long events are still gathered for readers that come back, in milliseconds. */
const LINGER_MS = 60_000;

export interface LiveSources extends ChangeSources {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly onError: (error: unknown) => void;
  /** Tells this process's events from those of the one before. */
  readonly epoch: string;
}

/** What happens in the fleet, gathered into few events and kept for a while. */
export interface LiveFeed {
  readonly ring: EventRing;
  /** Events are gathered while somebody reads. `onNews` is called when the ring has changed. Returns how to leave. */
  join(onNews: () => void): () => void;
  /** The lines of one event of the stream. */
  format(event: LiveEvent, sequence: number): string;
  /** The place an event id names; null if it is not of this process. */
  placeOf(eventId: string): number | null;
  /** How the fleet stands: the overview, and the rollout asked for or else all active ones. */
  snapshot(rolloutId: string | null): Promise<LiveEvent[]>;
  close(): void;
}

export function createLiveFeed(sources: LiveSources): LiveFeed {
  const { clock, epoch } = sources;
  const ring = createEventRing({ entries: 2000, bytes: 8_000_000 });
  const readers = new Set<() => void>();
  let stopLingering: (() => void) | null = null;

  const format = ({ event, data }: LiveEvent, sequence: number) =>
    `id: ${epoch}-${sequence}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`;

  const gatherer = createGatherer({
    ...sources,
    onEvent: ({ event, rolloutId }) => ring.append({ rolloutId }, (sequence) => format(event, sequence)),
    onNews: () => {
      for (const onNews of readers) onNews();
    },
    onError: (error) => {
      sources.onError(error);
      // What could not be read is not in the ring, so nobody may believe to have followed.
      ring.clear();
    },
  });

  return {
    ring,
    format,
    join: (onNews) => {
      stopLingering?.();
      stopLingering = null;
      if (!gatherer.isOn) ring.clear();
      gatherer.turn(true);
      readers.add(onNews);
      return () => {
        if (!readers.delete(onNews) || readers.size > 0) return;
        stopLingering = clock.wakeAt(clock.now() + LINGER_MS, () => gatherer.turn(false));
      };
    },
    placeOf: (eventId) => {
      const [named, sequence = ""] = eventId.split("-");
      return named === epoch && /^\d{1,15}$/.test(sequence) ? Number(sequence) : null;
    },
    snapshot: async (rolloutId) => {
      const overview = await sources.readOverview();
      const ids = rolloutId === null ? overview.activeRollouts : [rolloutId];
      const events: LiveEvent[] = [{ event: "overview", data: overview }];
      for (const id of ids) events.push({ event: "rollout", data: await sources.rollouts.read(id) });
      return events;
    },
    close: () => {
      stopLingering?.();
      gatherer.close();
    },
  };
}
