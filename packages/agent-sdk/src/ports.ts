/** Time on this host. */
export interface AgentClock {
  /** Wall clock, milliseconds since 1970. */
  now(): number;
  /** Monotonic milliseconds since boot; what the updater counts with too. */
  monotonicMs(): number;
  /** Calls back once, after so many monotonic milliseconds; returns how to call it off. */
  after(delayMs: number, callback: () => void): () => void;
}

/** From 0 up to, but not including, 1. */
export type Random = () => number;

/** Structured log. */
export interface AgentLog {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

export type LogFields = Readonly<Record<string, unknown>>;

/** One thing the running version checks about itself; what it throws is a failure too. */
export interface SelfCheck {
  readonly name: string;
  run(): Promise<SelfCheckResult> | SelfCheckResult;
}

export interface SelfCheckResult {
  readonly ok: boolean;
  readonly message: string;
}
