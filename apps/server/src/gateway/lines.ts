import { MusterError } from "@muster/core";
import type { AgentLine } from "@muster/fleet";
import type { AgentStream, Lines } from "./agent-stream.ts";

export interface LineRegistry extends Lines {
  readonly line: AgentLine;
  /** Every stream, also one that has not said whose it is. */
  readonly streams: ReadonlySet<AgentStream>;
  add(stream: AgentStream): void;
}

/** The streams of this gateway, and each agent's newest. */
export function createLines(maxGreetings: number): LineRegistry {
  const newest = new Map<string, AgentStream>();
  const streams = new Set<AgentStream>();
  let greetings = 0;
  return {
    streams,
    add: (stream) => void streams.add(stream),
    forget: (stream) => void streams.delete(stream),
    take: (agentId, stream) => {
      const previous = newest.get(agentId) ?? null;
      newest.set(agentId, stream);
      return previous;
    },
    release: (agentId, stream) => newest.get(agentId) === stream && newest.delete(agentId),
    greeting: async (record) => {
      if (greetings >= maxGreetings) throw new MusterError("SERVER_OVERLOADED", { greetings });
      greetings += 1;
      try {
        return await record();
      } finally {
        greetings -= 1;
      }
    },
    line: {
      send: (agentId, instruction) => newest.get(agentId)?.send(instruction) ?? false,
      isConnected: (agentId) => newest.get(agentId)?.isOpen ?? false,
    },
  };
}
