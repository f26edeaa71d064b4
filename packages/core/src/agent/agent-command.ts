import { MusterError } from "../errors.ts";

/** What an operator may ask of an agent, and nothing else: there is no shell. */
export const AGENT_COMMANDS = {
  /** Answers at once. Every agent can. */
  ping: { capability: null, arguments: {} },
  /** What the agent and its host know of themselves, as JSON. */
  diagnostics: { capability: "diagnostics", arguments: {} },
  /** How much the agent logs, until it is restarted. */
  log_level: { capability: "log_level", arguments: { level: ["debug", "info", "warn", "error"] } },
  /** Ends the agent; whoever keeps it running starts it again. */
  restart: { capability: "restart", arguments: {} },
} as const satisfies Record<string, CommandKind>;

interface CommandKind {
  /** What an agent must say that it can. */
  readonly capability: string | null;
  /** The arguments it takes, all of them needed, and what each may be. */
  readonly arguments: Readonly<Record<string, readonly string[]>>;
}

export type AgentCommandName = keyof typeof AGENT_COMMANDS;
export const AGENT_COMMAND_NAMES = Object.keys(AGENT_COMMANDS) as readonly AgentCommandName[];

export interface AgentCommand {
  readonly name: AgentCommandName;
  readonly arguments: Readonly<Record<string, string>>;
}

/**
 * Returns if the command is whole and the agent can carry it out. Throws `COMMAND_INVALID`, whose details name the
 * argument, or `COMMAND_UNSUPPORTED`.
 */
export function requireCommandable(command: AgentCommand, capabilities: readonly string[]): void {
  const kind: CommandKind = AGENT_COMMANDS[command.name];
  for (const name of Object.keys(command.arguments)) {
    if (!Object.hasOwn(kind.arguments, name))
      throw new MusterError("COMMAND_INVALID", {
        command: command.name,
        argument: name,
        problem: "is unknown",
      });
  }
  for (const [name, allowed] of Object.entries(kind.arguments)) {
    if (!allowed.includes(command.arguments[name] ?? ""))
      throw new MusterError("COMMAND_INVALID", { command: command.name, argument: name, allowed });
  }
  if (kind.capability !== null && !capabilities.includes(kind.capability))
    throw new MusterError("COMMAND_UNSUPPORTED", { command: command.name });
}
