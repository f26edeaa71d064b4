import type { AgentClock } from "../ports.ts";

export interface ManualAgentClock extends AgentClock {
  /** Moves time on and calls what is due, in order. */
  advance(ms: number): void;
  /** Moves time on in steps, with real work done in between, until the condition holds. */
  until(
    condition: () => boolean,
    options?: { readonly stepMs?: number; readonly mostMs?: number },
  ): Promise<void>;
  /** Lets real work go on, with time standing still, until the condition holds. */
  settle(condition: () => boolean): Promise<void>;
}

/** Rounds of the event loop that real work may take: far more than it does. */
const PATIENCE_ROUNDS = 20_000;

/** A clock that moves only when told to. */
export function createManualClock(): ManualAgentClock {
  const startedAt = Date.now();
  const bootedMs = 1_000_000;
  let passedMs = 0;
  const waiting = new Set<{ readonly atMs: number; readonly callback: () => void }>();

  function advance(ms: number): void {
    const end = passedMs + ms;
    for (;;) {
      const [next] = [...waiting].filter(({ atMs }) => atMs <= end).toSorted((a, b) => a.atMs - b.atMs);
      if (!next) break;
      waiting.delete(next);
      passedMs = Math.max(passedMs, next.atMs);
      next.callback();
    }
    passedMs = end;
  }

  return {
    now: () => startedAt + passedMs,
    monotonicMs: () => bootedMs + passedMs,
    after: (delayMs, callback) => {
      const entry = { atMs: passedMs + Math.max(0, delayMs), callback };
      waiting.add(entry);
      return () => void waiting.delete(entry);
    },
    advance,
    settle,
    until: async (condition, { stepMs = 50, mostMs = 600_000 } = {}) => {
      for (let spent = 0; !condition(); spent += stepMs) {
        if (spent > mostMs) throw new Error(`never happened: ${condition.toString()}`);
        advance(stepMs);
        for (let round = 0; round < 8 && !condition(); round += 1) await breathe();
      }
    },
  };
}

async function settle(condition: () => boolean): Promise<void> {
  for (let round = 0; !condition(); round += 1) {
    if (round > PATIENCE_ROUNDS) throw new Error(`never happened: ${condition.toString()}`);
    await breathe();
  }
}

/** One round of the event loop, with a moment for the network and the disk. */
function breathe(): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, 1));
}
