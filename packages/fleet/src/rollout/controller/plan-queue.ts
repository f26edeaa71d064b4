import type { Clock } from "../../ports.ts";
import { createPace } from "./pace.ts";

/** The rollouts that are to be planned again. */
export interface PlanQueue {
  poke(rolloutId: string): void;
  /** Until then pokes are only kept. */
  start(): void;
  stop(): void;
}

export function createPlanQueue(ports: {
  readonly clock: Clock;
  readonly plan: (rolloutId: string) => Promise<void>;
  readonly onError: (error: unknown) => void;
}): PlanQueue {
  const { clock, plan, onError } = ports;
  const waiting = new Set<string>();
  let started = false;

  const round = async () => {
    const batch = [...waiting];
    waiting.clear();
    const failures: unknown[] = [];
    for (const rolloutId of batch) {
      try {
        await plan(rolloutId);
      } catch (error) {
        // One that cannot be planned does not hold up the others.
        waiting.add(rolloutId);
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures.length === 1 ? failures[0] : new AggregateError(failures);
  };
  const pace = createPace({ clock, round, onError });

  return {
    poke: (rolloutId) => {
      waiting.add(rolloutId);
      if (started) pace.poke();
    },
    start: () => {
      started = true;
      pace.poke();
    },
    stop: () => pace.stop(),
  };
}
