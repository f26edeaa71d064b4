import { MusterError, type Outcome } from "@muster/core";
import type {
  AgentDesk,
  AgentHeartbeat,
  AgentHello,
  AgentIdentity,
  AgentProgress,
  CommandAnswer,
  Enrolment,
  EnrolmentRequest,
  Instruction,
} from "@muster/fleet";

/** What a desk was told, and how it answers. */
export interface FakeDesk extends AgentDesk {
  readonly hellos: AgentHello[];
  readonly departures: string[];
  readonly heartbeats: { agentId: string; heartbeat: AgentHeartbeat }[];
  readonly reports: { agentId: string; progress: AgentProgress }[];
  readonly outcomes: { agentId: string; outcome: Outcome }[];
  readonly enrolments: EnrolmentRequest[];
  readonly renewals: AgentIdentity[];
  readonly commandAnswers: { agentId: string; answer: CommandAnswer }[];
  readonly revoked: Set<string>;
  /** By agent: what its hello returns. */
  readonly untaken: Map<string, readonly Instruction[]>;
  /** `agentId targetId` → the artifact it may have. */
  readonly artifacts: Map<string, { readonly sha256: string; readonly sizeBytes: number }>;
  /** Replaced by tests that want another answer. */
  answers: {
    connected: (hello: AgentHello) => Promise<void>;
    outcome: (outcome: Outcome) => Promise<void>;
    progress: (progress: AgentProgress) => void;
    enrol: (request: EnrolmentRequest) => Promise<Enrolment>;
    renew: (
      identity: AgentIdentity,
      csr: Uint8Array,
    ) => Promise<{ certificate: Uint8Array; expiresAt: number }>;
  };
}

/** A desk that remembers what it was told. */
export function createFakeDesk(): FakeDesk {
  const desk: FakeDesk = {
    hellos: [],
    departures: [],
    heartbeats: [],
    reports: [],
    outcomes: [],
    enrolments: [],
    renewals: [],
    commandAnswers: [],
    commandAnswered: (agentId, answer) => void desk.commandAnswers.push({ agentId, answer }),
    revoked: new Set(),
    untaken: new Map(),
    artifacts: new Map(),
    answers: {
      connected: async () => undefined,
      outcome: async () => undefined,
      progress: () => undefined,
      enrol: async () => {
        throw new MusterError("TOKEN_INVALID");
      },
      renew: async () => {
        throw new MusterError("CSR_INVALID");
      },
    },
    enrol: async (request) => {
      desk.enrolments.push(request);
      return await desk.answers.enrol(request);
    },
    renew: async (identity, csr) => {
      desk.renewals.push(identity);
      return await desk.answers.renew(identity, csr);
    },
    admit: ({ agentId }) => {
      if (desk.revoked.has(agentId)) throw new MusterError("AGENT_REVOKED");
    },
    connected: async (hello) => {
      desk.hellos.push(hello);
      await desk.answers.connected(hello);
      return desk.untaken.get(hello.agentId) ?? [];
    },
    disconnected: (agentId) => void desk.departures.push(agentId),
    heartbeat: (agentId, heartbeat) => void desk.heartbeats.push({ agentId, heartbeat }),
    progress: (agentId, progress) => {
      desk.answers.progress(progress);
      desk.reports.push({ agentId, progress });
    },
    outcome: async (agentId, outcome) => {
      await desk.answers.outcome(outcome);
      desk.outcomes.push({ agentId, outcome });
    },
    artifactOf: async (agentId, targetId) => {
      const artifact = desk.artifacts.get(`${agentId} ${targetId}`);
      if (!artifact) throw new MusterError("DOWNLOAD_NOT_ALLOWED", { targetId });
      return artifact;
    },
  };
  return desk;
}
