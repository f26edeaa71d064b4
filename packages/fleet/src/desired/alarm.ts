import type { Clock } from "../ports.ts";

/** Shortest time between two rings, in milliseconds. */
const GAP_MS = 1000;

/** Rings at the earliest of the times it was set to, and not too often. */
export interface Alarm {
  /** Sooner counts, later does not; Infinity is never. Ignored while it is not awake. */
  set(at: number): void;
  wake(): void;
  stop(): void;
}

export function createAlarm(clock: Clock, ring: () => void): Alarm {
  let next: { readonly at: number; readonly callOff: () => void } | null = null;
  let notBefore = 0;
  let isAwake = false;
  return {
    set: (at) => {
      const due = Math.max(at, notBefore, clock.now());
      if (!isAwake || due === Infinity || (next && next.at <= due)) return;
      next?.callOff();
      const callOff = clock.wakeAt(due, () => {
        next = null;
        notBefore = clock.now() + GAP_MS;
        ring();
      });
      next = { at: due, callOff };
    },
    wake: () => {
      isAwake = true;
    },
    stop: () => {
      isAwake = false;
      next?.callOff();
    },
  };
}
