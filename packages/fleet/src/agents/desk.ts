import { CLOCK_SKEW_LIMIT_MS, type RuleAgent } from "@muster/core";
import type { CommandDesk } from "../commands/ports.ts";
import type { AgentDesk, AgentLine, Instruction } from "../gateway/ports.ts";
import type { TargetDesk } from "../rollout/ports.ts";
import { createGroupCommit } from "../store/group-commit.ts";
import { createEnrolment, type EnrolmentPorts } from "./enrolment.ts";
import { greetAgents, type Greeting } from "./greeting.ts";
import { createLifeSigns } from "./life-signs.ts";
import { readOwnArtifact } from "./own-artifact.ts";

export interface AgentDeskPorts extends EnrolmentPorts {
  readonly targets: TargetDesk;
  readonly commands: CommandDesk;
  /** How the control plane reaches agents; null until the gateway stands. */
  readonly line: () => AgentLine | null;
  readonly onError: (error: unknown) => void;
}

/** The desk, and how to end it. */
export interface OpenAgentDesk extends AgentDesk {
  /** Writes what it has collected. */
  flush(): Promise<void>;
  /** The same, and collects no more. */
  stop(): Promise<void>;
}

/** What the gateway asks of the control plane, over the embedded database. */
export function createAgentDesk(ports: AgentDeskPorts): OpenAgentDesk {
  const { db, clock, bus, events, roster, targets, memberships, onError } = ports;
  const present = new Map<string, number>();
  const connectedSince = (agentId: string) => present.get(agentId) ?? null;
  const signs = createLifeSigns({ db, clock, bus, events, connectedSince, onError });
  const onRecorded = (agent: RuleAgent) => {
    memberships.agentChanged(agent);
    roster.set(agent.id, { labels: agent.labels, platform: `${agent.os}/${agent.arch}` });
  };
  const greet = createGroupCommit<Greeting, readonly Instruction[]>((greetings) =>
    greetAgents({ db, events, targets, connectedSince, onRecorded }, greetings),
  );

  const leave = (agentId: string) => {
    present.delete(agentId);
    if (!roster.get(agentId)) return;
    roster.set(agentId, { connectedAt: null });
    signs.note(agentId, null);
    targets.agentChanged(agentId);
  };

  return {
    ...createEnrolment(ports),
    admit: (identity) => roster.admit(identity),

    connected: async (hello) => {
      const { agentId, version, clockSkewMs, timeZone } = hello;
      const at = clock.now();
      present.set(agentId, at);
      try {
        const instructions = await greet({ hello, at });
        const known = timeZone === undefined ? {} : { timeZone };
        roster.set(agentId, { version, clockSkewMs, ...known, connectedAt: connectedSince(agentId) });
        targets.agentChanged(agentId);
        bus.publish({ kind: "agent", agentId });
        return instructions;
      } catch (error) {
        // Nor does the stream before it stand any more.
        if (present.get(agentId) === at) leave(agentId);
        throw error;
      }
    },

    disconnected: (agentId) => {
      // The stream that a newer one has replaced.
      if (ports.line()?.isConnected(agentId)) return;
      if (present.has(agentId)) leave(agentId);
    },

    heartbeat: (agentId, heartbeat) => {
      const before = roster.get(agentId);
      if (!before) return;
      const { clockSkewMs } = heartbeat;
      const { diskFreeBytes } = heartbeat.telemetry;
      roster.set(agentId, { clockSkewMs, diskFreeBytes });
      signs.note(agentId, heartbeat);
      if (diskFreeBytes > (before.diskFreeBytes ?? 0)) targets.diskFreed(agentId);
      if (isSkewed(before.clockSkewMs) !== isSkewed(clockSkewMs)) targets.agentChanged(agentId);
    },

    progress: (agentId, progress) => targets.progress(agentId, progress),
    outcome: (agentId, outcome) => targets.outcome(agentId, outcome),

    commandAnswered: (agentId, answer) => ports.commands.answered(agentId, answer),
    artifactOf: (agentId, targetId) => readOwnArtifact(db, agentId, targetId),
    flush: () => signs.flush(),
    stop: () => signs.stop(),
  };
}

function isSkewed(clockSkewMs: number | null): boolean {
  return Math.abs(clockSkewMs ?? 0) > CLOCK_SKEW_LIMIT_MS;
}
