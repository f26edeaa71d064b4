import type { Clock } from "@muster/fleet";

/** How fast all downloads together may go. */
export interface DownloadPace {
  /** Asks for the turn of one piece: `turn` is called when it may be sent. Returns what gives the turn up. */
  next(bytes: number, turn: () => void): () => void;
}

/**
 * Shares a line of so many bytes a second. Each download asks for one piece at a time and they take turns in the order in
 * which they ask, so each has the same share, and one alone has all of it. A turn that is given up is lost.
 */
export function createDownloadPace(bytesPerSecond: number | null, clock: Clock): DownloadPace {
  let freeAt = 0;
  return {
    next: (bytes, turn) => {
      const now = clock.now();
      const startAt = Math.max(now, freeAt);
      if (bytesPerSecond !== null) freeAt = startAt + (bytes / bytesPerSecond) * 1000;
      if (startAt <= now) {
        turn();
        return () => {};
      }
      return clock.wakeAt(startAt, turn);
    },
  };
}
