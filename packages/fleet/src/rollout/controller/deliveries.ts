import type { AgentLine } from "../../gateway/ports.ts";
import type { Clock } from "../../ports.ts";
import type { Dispatch } from "./assignments.ts";

export interface DeliveryPorts {
  readonly clock: Clock;
  readonly line: () => AgentLine | null;
  /** Whether the agent still has to take it, and is connected. */
  readonly isWanted: (dispatch: Dispatch) => boolean;
}

/**
 * Sends assignments after their commit. A stream can be about to stand when its agent already counts as connected: what
 * nobody took is tried again, until the agent goes (its next hello gets it then) or has it.
 */
export interface Deliveries {
  send(dispatches: readonly Dispatch[]): void;
  /** Tells the agent to stop, if it can still be told: a host that does not hear it goes by its assignment. */
  cancel(agentId: string, targetId: string): void;
  stop(): void;
}

const RETRY_EVERY_MS = 500;

export function createDeliveries({ clock, line, isWanted }: DeliveryPorts): Deliveries {
  let waiting: Dispatch[] = [];
  let callOff: (() => void) | null = null;

  const attempt = (dispatches: readonly Dispatch[]) => {
    for (const dispatch of dispatches) {
      const taken = line()?.send(dispatch.agentId, dispatch.instruction) ?? false;
      if (!taken) waiting.push(dispatch);
    }
    if (waiting.length === 0 || callOff) return;
    callOff = clock.wakeAt(clock.now() + RETRY_EVERY_MS, () => {
      callOff = null;
      const again = waiting.filter(isWanted);
      waiting = [];
      attempt(again);
    });
  };

  return {
    send: attempt,
    cancel: (agentId, targetId) => void line()?.send(agentId, { kind: "cancel", targetId }),
    stop: () => {
      waiting = [];
      callOff?.();
    },
  };
}
