import type { Clock } from "../ports.ts";

/** A timer's longest sleep, in milliseconds: after it the wall clock is read again, which may have been set. */
const LONGEST_SLEEP_MS = 60_000;

/** The machine's wall clock. A pending wake-up does not keep the process alive. */
export function createSystemClock(): Clock {
  return {
    now: () => Date.now(),
    wakeAt: (at, callback) => {
      let timer: NodeJS.Timeout;
      const sleep = () => {
        const remainingMs = Math.max(0, at - Date.now());
        timer = setTimeout(wake, Math.min(remainingMs, LONGEST_SLEEP_MS));
        timer.unref();
      };
      const wake = () => {
        if (Date.now() < at) sleep();
        else callback();
      };
      sleep();
      return () => clearTimeout(timer);
    },
  };
}
