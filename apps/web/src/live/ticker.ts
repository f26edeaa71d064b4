/** The page's one clock: everything that moves with time is painted at its beat, so at most once a second. */
export interface Ticker {
  /** Milliseconds since 1970, as of the last beat. */
  readonly now: () => number;
  readonly subscribe: (listener: () => void) => () => void;
}

const BEAT_MS = 1000;

/** A ticker that beats while anybody listens. */
export function createTicker(clock: () => number): Ticker {
  const listeners = new Set<() => void>();
  let current = clock();
  let timer: ReturnType<typeof setInterval> | null = null;

  const beat = () => {
    current = clock();
    for (const listener of listeners) listener();
  };
  return {
    now: () => current,
    subscribe: (listener) => {
      listeners.add(listener);
      timer ??= setInterval(beat, BEAT_MS);
      return () => {
        listeners.delete(listener);
        if (listeners.size > 0 || timer === null) return;
        clearInterval(timer);
        timer = null;
      };
    },
  };
}
