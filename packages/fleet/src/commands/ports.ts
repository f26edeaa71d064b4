import type { AgentCommand } from "@muster/core";
import type { CommandView } from "@muster/protocol/http";
import type { AuditTrail } from "../audit/ports.ts";
import type { Actor } from "../people/actor.ts";
import type { Page, PageQuery } from "../ports.ts";

/** How long an agent has to answer, in milliseconds. */
export const COMMAND_TIMEOUT_MS = 30_000;

/**
 * Commands to single agents. Each is sent once, to an agent that is connected: none waits for one that is not, and none is
 * ever sent again.
 */
export interface Commands {
  /**
   * Sends a command and resolves with how it ended: answered, failed, or timed out. Throws `AGENT_NOT_FOUND`,
   * `AGENT_OFFLINE`, `COMMAND_INVALID`, `COMMAND_UNSUPPORTED`.
   */
  run(agentId: string, command: AgentCommand, caller: CommandCaller): Promise<CommandView>;
  /** Those of one agent, newest first. Throws `AGENT_NOT_FOUND`, `REQUEST_INVALID`. */
  list(agentId: string, query: PageQuery): Promise<Page<CommandView>>;
}

export interface CommandCaller {
  readonly actor: Actor;
  readonly audit: AuditTrail;
}

/** What an agent says of a command. */
export interface CommandAnswer {
  readonly commandId: string;
  readonly ok: boolean;
  readonly output: string;
}

/** The agents' side of commands. */
export interface CommandDesk {
  /** Takes an answer; one that nobody waits for any more changes nothing. */
  answered(agentId: string, answer: CommandAnswer): void;
}
