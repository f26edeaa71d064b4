import type { MusterError, Outcome, Platform, Version } from "@muster/core";
import type { GatewayOrder } from "@muster/protocol/agent";
import type { TrustAnchor } from "@muster/trust";
import type { Chance } from "../chance/seeded.ts";
import type { Identity } from "../wire/identity.ts";
import type { Stream, StreamEvents } from "../wire/stream.ts";
import type { Job } from "./agent-state.ts";

/** How a simulated agent reaches its gateway. */
export interface AgentWire {
  open(identity: Identity, events: StreamEvents): Stream;
  /** Resolves when the whole archive came and has the right digest. */
  download(identity: Identity, job: Job, how: { pauseMs: number; signal: AbortSignal }): Promise<void>;
  renew(identity: Identity): Promise<Identity>;
}

export interface AgentClock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Calls back once; returns how to call it off. */
  after(ms: number, callback: () => void): () => void;
}

/** What the agents of a fleet share. */
export interface AgentContext {
  readonly wire: AgentWire;
  readonly clock: AgentClock;
  readonly chance: Chance;
  readonly watcher: AgentWatcher;
  readonly anchor: TrustAnchor;
  readonly product: string;
  readonly platform: Platform;
  readonly labels: Readonly<Record<string, string>>;
}

/** Told of what happens to agents, at once. */
export interface AgentWatcher {
  /** An order came, before anything is done with it. */
  ordered(agentId: string, order: GatewayOrder): void;
  /** An assignment or a message was not followed, or a stream ended with a code. */
  troubled(agentId: string, problem: MusterError): void;
  /** An update ended; the outcome is not acknowledged yet. */
  ended(agentId: string, outcome: Outcome): void;
}

/** What an agent says of itself besides. */
export interface AgentSelf {
  readonly hostname: string;
  readonly version: Version;
}
