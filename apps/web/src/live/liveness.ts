/** How the stream of events is doing. */
export type Connection =
  | { readonly kind: "connecting" }
  | { readonly kind: "open" }
  /** Lost; tried again at `retryAt`. */
  | { readonly kind: "waiting"; readonly retryAt: number }
  /** Given up, because nobody is signed in. */
  | { readonly kind: "closed" };

export interface LiveStatus {
  readonly connection: Connection;
  /** When anything was last heard from the server, a comment too; null: never. Milliseconds since 1970. */
  readonly heardAt: number | null;
}

/** What the badge says. */
export type Liveness =
  | { readonly kind: "live" }
  | { readonly kind: "reconnecting" }
  | { readonly kind: "stale"; readonly seconds: number };

/** The server says something at least every 15 seconds; two of them missed is silence. */
export const SILENT_AFTER_MS = 35_000;
/** How long a reconnect may take before the age of the figures matters more than the attempt. */
const RECONNECT_GRACE_MS = 10_000;

/** How far the figures on the page can be trusted now. */
export function liveness({ connection, heardAt }: LiveStatus, now: number): Liveness {
  if (heardAt === null) return { kind: "reconnecting" };
  const age = Math.max(0, now - heardAt);
  if (connection.kind === "open" && age < SILENT_AFTER_MS) return { kind: "live" };
  if (connection.kind !== "open" && connection.kind !== "closed" && age < RECONNECT_GRACE_MS) {
    return { kind: "reconnecting" };
  }
  return { kind: "stale", seconds: Math.floor(age / 1000) };
}

const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 15_000;

/** How long to wait before attempt number `attempt`, counted from 0; `chance` in [0, 1) spreads the tabs of a fleet's operators. */
export function retryDelayMs(attempt: number, chance: number): number {
  const ceiling = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(attempt, 10));
  return Math.round(ceiling * (0.5 + chance / 2));
}
