import type { AgentLog, LogFields, LogLevel } from "@muster/agent-sdk";

const RANK: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 };

export interface LineLog extends AgentLog {
  setLevel(level: LogLevel): void;
}

/** A log of one readable line for each event: what people read of a version that failed. */
export function createLineLog(write: (line: string) => void, level: LogLevel = "info"): LineLog {
  let least = level;
  const at =
    (own: LogLevel) =>
    (message: string, fields: LogFields = {}) => {
      if (RANK[own] >= RANK[least]) write(lineOf(own, message, fields));
    };
  return {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    setLevel: (next) => {
      least = next;
    },
  };
}

function lineOf(level: LogLevel, message: string, fields: LogFields): string {
  const facts = Object.entries(fields).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${show(value)}`],
  );
  return [level.toUpperCase().padEnd(5), message, ...facts].join(" ").replaceAll(/[\r\n]+/g, " ");
}

function show(value: unknown): string {
  if (value instanceof Error) return JSON.stringify(value.stack ?? value.message);
  if (typeof value === "string") return /^[\w.:/@-]+$/.test(value) ? value : JSON.stringify(value);
  return JSON.stringify(value) ?? "?";
}
