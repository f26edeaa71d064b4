import type { Clock } from "../../ports.ts";

/** Shortest time between the ends of one round and the start of the next, in milliseconds. */
const GAP_MS = 25;
/** Longest pause after a round that took long, in milliseconds. */
const LONGEST_GAP_MS = 250;
/** After a round that failed. */
const RETRY_AFTER_MS = 1000;

/** Runs rounds on demand: at once when it is quiet, coalesced when much happens, never two at a time. */
export interface Pace {
  poke(): void;
  stop(): void;
}

export function createPace(ports: {
  readonly clock: Clock;
  readonly round: () => Promise<void>;
  readonly onError: (error: unknown) => void;
}): Pace {
  const { clock, round, onError } = ports;
  let state: "resting" | "scheduled" | "running" | "stopped" = "resting";
  let again = false;
  let notBefore = 0;
  let callOff: (() => void) | null = null;

  const schedule = () => {
    state = "scheduled";
    callOff = clock.wakeAt(Math.max(clock.now(), notBefore), () => void run());
  };
  const run = async () => {
    state = "running";
    again = false;
    const startedAt = clock.now();
    let restMs = GAP_MS;
    try {
      await round();
    } catch (error) {
      onError(error);
      again = true;
      restMs = RETRY_AFTER_MS;
    }
    // A round over 100,000 targets takes its time: as much stays for everything else.
    const tookMs = Math.min(clock.now() - startedAt, LONGEST_GAP_MS);
    notBefore = clock.now() + Math.max(restMs, tookMs);
    if (isStopped()) return;
    state = "resting";
    if (again) schedule();
  };
  const isStopped = () => state === "stopped";

  return {
    poke: () => {
      if (state === "resting") schedule();
      else again = true;
    },
    stop: () => {
      state = "stopped";
      callOff?.();
    },
  };
}
