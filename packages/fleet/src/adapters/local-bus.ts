import type { Bus, FleetChange } from "../ports.ts";

/**
 * The bus of one process. A subscriber that throws is reported to `onError` and the others still get the change; a change
 * published from inside a subscriber is delivered after the present one, so every subscriber sees the same order.
 */
export function createLocalBus(onError: (error: unknown) => void): Bus {
  const subscribers = new Set<(change: FleetChange) => void>();
  const queue: FleetChange[] = [];
  let delivering = false;

  const deliver = (change: FleetChange) => {
    for (const receive of subscribers) {
      try {
        receive(change);
      } catch (error) {
        onError(error);
      }
    }
  };

  return {
    publish: (change) => {
      queue.push(change);
      if (delivering) return;
      delivering = true;
      for (let next = queue.shift(); next; next = queue.shift()) deliver(next);
      delivering = false;
    },
    subscribe: (receive) => {
      // A wrapper of its own, so that the same function subscribed twice is told twice and leaves once.
      const subscriber = (change: FleetChange) => receive(change);
      subscribers.add(subscriber);
      return () => subscribers.delete(subscriber);
    },
  };
}
