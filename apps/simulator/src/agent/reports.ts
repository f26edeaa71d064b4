import { OPEN_POLICY } from "@muster/core";
import type { AgentReport } from "@muster/protocol/agent";
import type { AgentState } from "./agent-state.ts";
import type { AgentContext } from "./ports.ts";

const GIB = 2 ** 30;

/** What a simulated agent says of itself first. */
export function helloReport(
  state: AgentState,
  who: { readonly agentId: string; readonly hostname: string },
  { product, platform, labels, clock }: AgentContext,
): AgentReport {
  const targetId = "job" in state.activity ? state.activity.job.targetId : null;
  const { version, lastSequence } = state;
  return {
    kind: "hello",
    hello: {
      ...who,
      product,
      version,
      ...platform,
      labels,
      capabilities: ["update"],
      policy: OPEN_POLICY,
      bootId: `boot-${who.agentId}`.slice(0, 64),
      sentAt: clock.now(),
      lastSequence,
      targetId,
    },
  };
}

/** Figures of a small, idle host. */
export function heartbeatReport({ clock, chance }: Pick<AgentContext, "clock" | "chance">): AgentReport {
  return {
    kind: "heartbeat",
    heartbeat: {
      sentAt: clock.now(),
      cpu: Math.round(chance() * 20) / 100,
      memoryUsed: Math.round((1 + chance()) * GIB),
      memoryTotal: 4 * GIB,
      diskFree: Math.round((20 + chance()) * GIB),
      diskTotal: 40 * GIB,
      uptime: 86_400,
    },
  };
}
