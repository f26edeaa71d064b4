/** Lets one holder in at a time, in the order they came. */
export interface Turnstile {
  enter(): Promise<void>;
  leave(): void;
}

/**
 * A first-come queue. Kysely's own lock wakes every waiter at each release; with thousands of waiters (a fleet that
 * reconnects) that is quadratic, so the one connection is guarded by this.
 */
export function createTurnstile(): Turnstile {
  const waiting: (() => void)[] = [];
  let next = 0;
  let taken = false;
  return {
    enter: () => {
      if (!taken) {
        taken = true;
        return Promise.resolve();
      }
      return new Promise((resolve) => waiting.push(resolve));
    },
    leave: () => {
      const admit = waiting[next];
      if (!admit) {
        waiting.length = 0;
        next = 0;
        taken = false;
        return;
      }
      next += 1;
      admit();
    },
  };
}
