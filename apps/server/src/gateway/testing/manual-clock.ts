import type { Clock } from "@muster/fleet";

export interface ManualClock extends Clock {
  /** Moves time on and calls what is due, in order. */
  advance(ms: number): void;
}

/** A clock that moves only when told to. */
export function createManualClock(start = Date.now()): ManualClock {
  let now = start;
  const waiting = new Set<{ readonly at: number; readonly callback: () => void }>();
  return {
    now: () => now,
    wakeAt: (at, callback) => {
      const entry = { at, callback };
      waiting.add(entry);
      return () => void waiting.delete(entry);
    },
    advance: (ms) => {
      const end = now + ms;
      for (;;) {
        const [next] = [...waiting].filter(({ at }) => at <= end).toSorted((a, b) => a.at - b.at);
        if (!next) break;
        waiting.delete(next);
        now = Math.max(now, next.at);
        next.callback();
      }
      now = end;
    },
  };
}
