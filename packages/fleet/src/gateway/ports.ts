import type { CommandAnswer } from "../commands/ports.ts";
import type { AgentCommand, LocalPolicy, Outcome, Recovery, TargetStage, Version } from "@muster/core";

/** What an agent says of itself when its stream opens; decoded and checked, never raw. */
export interface AgentHello {
  readonly agentId: string;
  readonly hostname: string;
  readonly product: string;
  readonly version: Version;
  readonly os: string;
  readonly arch: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly capabilities: readonly string[];
  readonly policy: LocalPolicy;
  readonly bootId: string;
  /** The host's wall clock minus the gateway's, in milliseconds. */
  readonly clockSkewMs: number;
  readonly lastSequence: number;
  readonly targetId: string | null;
  /** A name of the time zone database; absent: the host does not say, or has none that is known here. */
  readonly timeZone?: string;
  /** The last time the host left a committed version that ended again and again; absent: it never did. */
  readonly recovery?: Pick<Recovery, "fromVersion" | "toVersion" | "at">;
}

export interface Telemetry {
  readonly cpu: number;
  readonly memoryUsedBytes: number;
  readonly memoryTotalBytes: number;
  readonly diskFreeBytes: number;
  readonly diskTotalBytes: number;
  readonly uptimeSeconds: number;
}

export interface AgentHeartbeat {
  readonly clockSkewMs: number;
  readonly telemetry: Telemetry;
  /** Null: as it was. */
  readonly policy: LocalPolicy | null;
}

export interface AgentProgress {
  readonly targetId: string;
  readonly stage: Exclude<TargetStage, "dispatched">;
  readonly receivedBytes: number;
  readonly totalBytes: number;
}

/** What goes down to an agent. */
export type Instruction =
  | {
      readonly kind: "assign";
      readonly targetId: string;
      readonly assignment: Uint8Array;
      readonly assignmentSignature: Uint8Array;
      readonly manifest: Uint8Array;
      readonly manifestSignatures: Uint8Array;
    }
  | { readonly kind: "cancel"; readonly targetId: string }
  | ({ readonly kind: "command"; readonly commandId: string } & AgentCommand)
  | { readonly kind: "disconnect"; readonly code: "AGENT_REVOKED" | "AGENT_REPLACED" };

export interface EnrolmentRequest {
  readonly token: string;
  /** PKCS #10, DER. */
  readonly csr: Uint8Array;
  readonly product: string;
  readonly hostname: string;
  readonly labels: Readonly<Record<string, string>>;
}

export interface Enrolment {
  readonly agentId: string;
  /** DER. */
  readonly certificate: Uint8Array;
  readonly caCertificate: Uint8Array;
  /** Ed25519, 32 bytes. */
  readonly assignmentKey: Uint8Array;
  readonly expiresAt: number;
}

/** Who a client certificate says its holder is. */
export interface AgentIdentity {
  readonly agentId: string;
  readonly generation: number;
  readonly expiresAt: number;
}

/** What the gateway asks of the control plane. Nothing else of it is reachable from the wire. */
export interface AgentDesk {
  /** Throws `TOKEN_…` or `CSR_INVALID`. A token's use and the agent's row are written in one transaction. */
  enrol(request: EnrolmentRequest): Promise<Enrolment>;
  /** The next certificate, of a higher generation. Throws `AGENT_REVOKED`, `CSR_INVALID`. */
  renew(identity: AgentIdentity, csr: Uint8Array): Promise<{ certificate: Uint8Array; expiresAt: number }>;
  /** Throws `AGENT_REVOKED` for a revoked agent or a generation older than the newest but one, `AGENT_NOT_FOUND` for an unknown one. Cheap: called at every message. */
  admit(identity: AgentIdentity): void;
  /** Records the hello; returns what the agent has not taken yet. */
  connected(hello: AgentHello): Promise<readonly Instruction[]>;
  disconnected(agentId: string): void;
  /** Coalesced: written in batches, never one by one. */
  heartbeat(agentId: string, heartbeat: AgentHeartbeat): void;
  /** Coalesced by target. Reports of a target that is not this agent's are dropped with `TARGET_UNKNOWN`. */
  progress(agentId: string, progress: AgentProgress): void;
  /** Resolves when the outcome is on disk; idempotent. Throws `TARGET_UNKNOWN`. */
  outcome(agentId: string, outcome: Outcome): Promise<void>;
  /** An answer to a command; one that nobody waits for changes nothing. */
  commandAnswered(agentId: string, answer: CommandAnswer): void;
  /** The artifact of the agent's own target under way, or `DOWNLOAD_NOT_ALLOWED`. */
  artifactOf(
    agentId: string,
    targetId: string,
  ): Promise<{ readonly sha256: string; readonly sizeBytes: number }>;
}

/** How the control plane reaches an agent. */
export interface AgentLine {
  /** Whether a stream of that agent took the instruction; false: it is not connected here. */
  send(agentId: string, instruction: Instruction): boolean;
  isConnected(agentId: string): boolean;
}
