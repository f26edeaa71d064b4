import type { Clock } from "../ports.ts";

/** A clock that stands until it is told to go. */
export interface FakeClock extends Clock {
  /** When the next wake-up is due; null if none is. */
  next(): number | null;
  /** Goes to a time and rings what is due then; time never goes back. */
  goTo(time: number): void;
}

export function createFakeClock(start = 1_900_000_000_000): FakeClock {
  let now = start;
  let wakes: { readonly at: number; readonly callback: () => void }[] = [];
  return {
    now: () => now,
    wakeAt: (at, callback) => {
      const wake = { at, callback };
      wakes.push(wake);
      return () => {
        wakes = wakes.filter((other) => other !== wake);
      };
    },
    next: () => (wakes.length === 0 ? null : Math.min(...wakes.map(({ at }) => at))),
    goTo: (time) => {
      now = Math.max(now, time);
      const due = wakes.filter(({ at }) => at <= now).toSorted((a, b) => a.at - b.at);
      wakes = wakes.filter((wake) => !due.includes(wake));
      for (const { callback } of due) callback();
    },
  };
}
