import type { AgentClock } from "./ports.ts";

/** Work that is done again and again, never twice at once. */
export interface Pulse {
  /** Does it now, or once more as soon as it is done. */
  poke(): void;
  /** No more of it; resolves when what was begun is done. */
  stop(): Promise<void>;
}

/** Repeats work; `intervalMs` is asked before each pause. `work` must not throw. */
export function startPulse(clock: AgentClock, work: () => Promise<void>, intervalMs: () => number): Pulse {
  let callOff: (() => void) | null = null;
  let stopped = false;
  let again = false;
  let running: Promise<void> | null = null;

  async function round(): Promise<void> {
    callOff?.();
    await work();
    running = null;
    if (stopped) return;
    if (again) begin();
    else callOff = clock.after(intervalMs(), begin);
  }

  function begin(): void {
    if (stopped) return;
    if (running) {
      again = true;
      return;
    }
    again = false;
    running = round();
  }

  begin();
  return {
    poke: begin,
    stop: async () => {
      stopped = true;
      callOff?.();
      await running;
    },
  };
}
