import type { Bus, Clock } from "@muster/fleet";
import { type ChangeSources, createChangeSet, readChanges, type RoutedEvent } from "./change-set.ts";

/** No kind of event comes more often, in milliseconds. */
const INTERVAL_MS = 250;
/** The overview counts every agent, so it comes less often. */
const OVERVIEW_INTERVAL_MS = 1000;

export interface GathererPorts extends ChangeSources {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly onEvent: (event: RoutedEvent) => void;
  /** Called after the events of one look. */
  readonly onNews: () => void;
  /** Changes could not be read, and are lost. */
  readonly onError: (error: unknown) => void;
}

/** Turns the bus's many changes into few events, while it is on. */
export interface Gatherer {
  readonly isOn: boolean;
  turn(on: boolean): void;
  close(): void;
}

export function createGatherer(ports: GathererPorts): Gatherer {
  const { bus, clock } = ports;
  const changes = createChangeSet();
  let isOn = false;
  let flushing = false;
  let callOff: (() => void) | null = null;
  let overviewAt = -Infinity;

  const schedule = () => {
    if (!isOn || flushing || callOff !== null || changes.isEmpty) return;
    callOff = clock.wakeAt(clock.now() + INTERVAL_MS, () => void flush());
  };

  const flush = async () => {
    callOff = null;
    flushing = true;
    try {
      const overviewIsDue = clock.now() - overviewAt >= OVERVIEW_INTERVAL_MS;
      for await (const event of readChanges(ports, changes.take(overviewIsDue))) {
        if (event.event.event === "overview") overviewAt = clock.now();
        ports.onEvent(event);
      }
    } catch (error) {
      ports.onError(error);
    }
    flushing = false;
    ports.onNews();
    schedule();
  };

  const unsubscribe = bus.subscribe((change) => {
    if (!isOn) return;
    changes.note(change);
    schedule();
  });

  const turn = (on: boolean) => {
    isOn = on;
    if (on) return;
    callOff?.();
    callOff = null;
    changes.take(true);
  };

  return {
    get isOn() {
      return isOn;
    },
    turn,
    close: () => {
      unsubscribe();
      turn(false);
    },
  };
}
