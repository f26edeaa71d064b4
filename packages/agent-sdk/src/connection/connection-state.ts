import type { ErrorCode, TransitionTable } from "@muster/core";
import { type Backoff, backoffMs } from "./backoff.ts";

/** The agent's connection to its gateway. `attempt` counts the attempts since it was last steady. */
export type ConnectionState =
  | { readonly kind: "stopped" }
  /** The hello is on its way; the welcome has not come. */
  | { readonly kind: "greeting"; readonly attempt: number }
  /** Monotonic milliseconds since when. */
  | { readonly kind: "open"; readonly attempt: number; readonly sinceMs: number }
  | {
      readonly kind: "waiting";
      readonly attempt: number;
      readonly delayMs: number;
      readonly because: ErrorCode | null;
    };

export const CONNECTION_TRANSITIONS = {
  stopped: ["greeting"],
  greeting: ["open", "waiting", "stopped"],
  open: ["waiting", "stopped"],
  waiting: ["waiting", "greeting", "stopped"],
} as const satisfies TransitionTable<ConnectionState["kind"]>;

export type ConnectionEvent =
  | { readonly kind: "start" }
  | { readonly kind: "welcomed"; readonly nowMs: number }
  /** The call ended, by either side. `code` null: in order. */
  | { readonly kind: "ended"; readonly nowMs: number; readonly code: ErrorCode | null }
  /** The gateway, or a new certificate, asks for another connection. */
  | { readonly kind: "reconnect"; readonly delayMs: number }
  | { readonly kind: "due" }
  | { readonly kind: "stop" };

/** A connection that stood this long was a good one: the next attempt is the first again. */
export const STEADY_MS = 30_000;

/** What trying again at once would not mend, or would make worse: two hosts with one identity would fight. */
const SLOW: Partial<Record<ErrorCode, number>> = {
  AGENT_REPLACED: 30_000,
  AGENT_REVOKED: 60_000,
  AGENT_NOT_FOUND: 60_000,
  AGENT_IDENTITY_MISMATCH: 60_000,
  AGENT_MESSAGE_INVALID: 30_000,
  AGENT_HELLO_REQUIRED: 60_000,
  CERTIFICATE_REQUIRED: 60_000,
  CERTIFICATE_EXPIRED: 60_000,
  CERTIFICATE_INVALID: 60_000,
  RATE_LIMITED: 30_000,
};

/** The state after an event; the same object if the event means nothing in this state. */
export function nextConnection(
  state: ConnectionState,
  event: ConnectionEvent,
  backoff: Backoff,
): ConnectionState {
  if (event.kind === "stop") return state.kind === "stopped" ? state : { kind: "stopped" };
  switch (state.kind) {
    case "stopped":
      return event.kind === "start" ? { kind: "greeting", attempt: 0 } : state;
    case "greeting":
      if (event.kind === "welcomed") return { kind: "open", attempt: state.attempt, sinceMs: event.nowMs };
      return event.kind === "ended" ? waiting(state.attempt, event.code, backoff) : state;
    case "open": {
      if (event.kind === "reconnect") return again(event.delayMs, backoff);
      if (event.kind !== "ended") return state;
      const steady = event.nowMs - state.sinceMs >= STEADY_MS;
      return waiting(steady ? 0 : state.attempt, event.code, backoff);
    }
    case "waiting":
      break;
  }
  // What it was waiting for may have come: a host that was away is refused until its certificate is renewed.
  if (event.kind === "reconnect") return again(event.delayMs, backoff);
  return event.kind === "due" ? { kind: "greeting", attempt: state.attempt } : state;
}

function again(leastMs: number, backoff: Backoff): ConnectionState {
  return { kind: "waiting", attempt: 0, delayMs: leastMs + backoffMs(0, backoff), because: null };
}

function waiting(attempt: number, because: ErrorCode | null, backoff: Backoff): ConnectionState {
  const leastMs = (because !== null && SLOW[because]) || 0;
  const delayMs = Math.max(backoffMs(attempt, backoff), Math.round(leastMs * (1 + backoff.random())));
  return { kind: "waiting", attempt: attempt + 1, delayMs, because };
}
