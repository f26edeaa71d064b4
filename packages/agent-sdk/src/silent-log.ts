import type { AgentLog } from "./ports.ts";

/** A log that keeps nothing. */
export const SILENT_LOG: AgentLog = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
