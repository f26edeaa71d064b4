import type { EventSeverity, NewEvent } from "../events/ports.ts";

const AGENT_EVENTS = {
  agent_enrolled: ["info", "has enrolled"],
  agent_online: ["info", "is connected"],
  agent_offline: ["warning", "is not connected any more"],
  agent_revoked: ["warning", "is locked out for good"],
} as const satisfies Record<string, readonly [EventSeverity, string]>;

/** What happened to one agent. */
export function agentEvent(
  agentId: string,
  type: keyof typeof AGENT_EVENTS,
  more: Pick<NewEvent, "product" | "version" | "data"> = {},
): NewEvent {
  const [severity, what] = AGENT_EVENTS[type];
  return { ...more, type, category: "agent", severity, agentId, message: `Agent ${agentId} ${what}` };
}
