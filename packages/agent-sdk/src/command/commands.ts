import { arch, hostname, platform, release, totalmem, uptime } from "node:os";
import { COMMAND_OUTPUT_MAX, type CommandOrder, type CommandReport } from "@muster/protocol/agent";

/** Levels of the agent's log. */
export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** What an operator may ask an agent to do. There is nothing else, and no shell. */
export interface CommandPorts {
  /** What the agent knows of itself; shown by `diagnostics`. */
  readonly status: () => Readonly<Record<string, unknown>>;
  /** Absent: this agent cannot. */
  readonly setLogLevel?: (level: LogLevel) => void;
  readonly restart?: () => void;
}

/** The commands this agent can carry out, as capabilities. */
export function commandCapabilities({ setLogLevel, restart }: CommandPorts): readonly string[] {
  return ["diagnostics", ...(setLogLevel ? ["log_level"] : []), ...(restart ? ["restart"] : [])];
}

/** Carries a command out; what it does not know, it says. */
export function answerCommand(
  { commandId, name, arguments: given }: CommandOrder,
  ports: CommandPorts,
): CommandReport {
  const answer = (ok: boolean, output: string): CommandReport => ({ commandId, ok, output });
  switch (name) {
    case "ping":
      return answer(true, "pong");
    case "diagnostics":
      return answer(true, diagnostics(ports).slice(0, COMMAND_OUTPUT_MAX).toWellFormed());
    case "log_level": {
      const level = LOG_LEVELS.find((known) => known === given["level"]);
      if (!ports.setLogLevel || level === undefined)
        return answer(false, `level must be one of ${LOG_LEVELS.join(", ")}`);
      ports.setLogLevel(level);
      return answer(true, level);
    }
    case "restart":
      if (!ports.restart) return answer(false, "this agent cannot restart itself");
      ports.restart();
      return answer(true, "restarting");
    default:
      return answer(false, "unknown command");
  }
}

function diagnostics({ status }: CommandPorts): string {
  const host = {
    hostname: hostname(),
    platform: `${platform()} ${release()} ${arch()}`,
    node: process.version,
    memoryTotal: totalmem(),
    uptimeSeconds: Math.floor(uptime()),
    processMemory: process.memoryUsage.rss(),
    processUptimeSeconds: Math.floor(process.uptime()),
  };
  return JSON.stringify({ host, ...status() }, null, 2);
}
