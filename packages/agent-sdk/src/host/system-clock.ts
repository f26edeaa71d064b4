import type { AgentClock } from "../ports.ts";

/** Timers of Node fire at once beyond this delay. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The host's clocks. A pending timer keeps the process alive: an agent that waits to connect again must not end. */
export function createSystemClock(): AgentClock {
  return {
    now: () => Date.now(),
    monotonicMs,
    after: (delayMs, callback) => {
      const timer = setTimeout(callback, Math.min(Math.max(0, delayMs), LONGEST_TIMER_MS));
      return () => clearTimeout(timer);
    },
  };
}

function monotonicMs(): number {
  return Number(process.hrtime.bigint() / 1_000_000n);
}
