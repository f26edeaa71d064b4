import type { AgentClock } from "../ports.ts";

/** Resolves after the delay, or at once when the signal is aborted. */
export function waitFor(clock: AgentClock, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const done = () => {
      callOff();
      signal.removeEventListener("abort", done);
      resolve();
    };
    const callOff = clock.after(delayMs, done);
    signal.addEventListener("abort", done, { once: true });
  });
}
