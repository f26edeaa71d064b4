/** Between them a dead connection is noticed within three quarters of a minute. */
const KEEPALIVE_MS = 30_000;
const KEEPALIVE_TIMEOUT_MS = 15_000;

/** What of an HTTP/2 session is needed to find out whether its other end lives. */
export interface Pingable {
  readonly connecting: boolean;
  readonly destroyed: boolean;
  /** Calls back at the answer, and when the session is destroyed. */
  ping(answered: () => void): boolean;
  destroy(reason: Error): void;
}

/** Asks the other end for a sign of life again and again; without one the session is destroyed. Returns how to stop. */
export function keepAlive(session: Pingable): () => void {
  const timer = setInterval(() => {
    if (session.connecting || session.destroyed) return;
    const patience = setTimeout(
      () => session.destroy(new Error("nothing came for too long")),
      KEEPALIVE_TIMEOUT_MS,
    );
    session.ping(() => clearTimeout(patience));
  }, KEEPALIVE_MS);
  return () => clearInterval(timer);
}
