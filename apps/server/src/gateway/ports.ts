import type { AgentDesk, AgentLine, Clock, ObjectStore } from "@muster/fleet";

/** Structured log; pino's logger is one. */
export interface GatewayLog {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** PEM texts. */
export interface GatewayTls {
  readonly certificate: string;
  readonly key: string;
  /** The agents' CA: it signs the agents' certificates and the gateway's own. */
  readonly caCertificate: string;
}

/** Where the gateway stops taking more. What is over a limit is refused with a code that says to come again. */
export interface GatewayLimits {
  readonly connections: number;
  readonly streams: number;
  /** Streams whose hello is being recorded. */
  readonly greetings: number;
  /** Enrolments and renewals. */
  readonly enrolments: number;
  readonly downloads: number;
  readonly downloadsPerAgent: number;
  /** Messages of one stream: so many a second, after a burst of so many. */
  readonly messagesPerSecond: number;
  readonly messageBurst: number;
  /** How long a connection may stay without a stream or a download, in milliseconds. */
  readonly idleMs: number;
  /** How long a stream that was ended may take to go, in milliseconds. */
  readonly lingerMs: number;
}

export const GATEWAY_LIMITS: GatewayLimits = {
  connections: 25_000,
  streams: 20_000,
  greetings: 2_000,
  enrolments: 64,
  downloads: 512,
  downloadsPerAgent: 2,
  messagesPerSecond: 20,
  messageBurst: 100,
  idleMs: 30_000,
  lingerMs: 5_000,
};

export interface GatewayOptions {
  readonly desk: AgentDesk;
  readonly objects: ObjectStore;
  readonly tls: GatewayTls;
  /** 0: any free one. */
  readonly port: number;
  readonly host: string;
  readonly log: GatewayLog;
  readonly clock: Clock;
  /** Bytes a second for all downloads together; null or absent: as fast as they go. */
  readonly downloadRate?: number | null;
  readonly heartbeatIntervalMs: number;
  readonly limits?: Partial<GatewayLimits>;
}

export interface Gateway {
  readonly port: number;
  readonly line: AgentLine;
  /** Whether agents may connect, enrol and renew. Streams that stand stay; `/v1/ready` says which it is. */
  accepting(whether: boolean): void;
  /** Replaces the gateway's own certificate for new connections. */
  certify(tls: GatewayTls): void;
  counts(): { readonly connections: number; readonly streams: number; readonly downloads: number };
  /** Ends every stream and download, then the port. Idempotent. */
  close(): Promise<void>;
}
