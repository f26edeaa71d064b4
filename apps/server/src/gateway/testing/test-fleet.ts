import { Client, credentials, type ClientDuplexStream, type ServiceError } from "@grpc/grpc-js";
import {
  agentGatewayMethods,
  CODE_TRAILER,
  decodeGatewayMessage,
  encodeAgentMessage,
  type AgentReport,
  type GatewayOrder,
  type HelloReport,
} from "@muster/protocol/agent";
import {
  certificatePem,
  createAuthority,
  createKeyAndRequest,
  issueClientCertificate,
  issueServerCertificate,
  type CertifiedKey,
} from "@muster/trust/x509";
import type { GatewayLimits, GatewayLog } from "../ports.ts";
import { startGateway } from "../start-gateway.ts";
import { createFakeDesk } from "./fake-desk.ts";
import { createFakeObjects } from "./fake-objects.ts";
import { createManualClock } from "./manual-clock.ts";

export const HEARTBEAT_MS = 10_000;
const YEAR_MS = 365 * 86_400_000;

export interface Identity {
  readonly ca: string;
  readonly key: string;
  readonly cert: string;
}

export type TestFleet = Awaited<ReturnType<typeof startTestFleet>>;

/** A gateway on a free port over a fake desk, and the CA to make agents for it. */
export async function startTestFleet(limits: Partial<GatewayLimits> = {}, host = "127.0.0.1") {
  const clock = createManualClock();
  const authority = await createAuthority({ name: "test agents", now: clock.now() });
  const server = await issueServerCertificate(authority, {
    names: ["localhost"],
    ips: ["127.0.0.1"],
    ttlMs: YEAR_MS,
    now: clock.now(),
  });
  const desk = createFakeDesk();
  const objects = createFakeObjects();
  const problems: object[] = [];
  const log: GatewayLog = {
    debug: () => undefined,
    info: () => undefined,
    warn: (fields) => void problems.push(fields),
    error: (fields) => void problems.push(fields),
  };
  const gateway = await startGateway({
    desk,
    objects,
    tls: {
      certificate: server.certificatePem,
      key: server.privateKeyPem,
      caCertificate: authority.certificatePem,
    },
    port: 0,
    host,
    log,
    clock,
    heartbeatIntervalMs: HEARTBEAT_MS,
    limits,
  });
  const identity = (agentId: string, ttlMs = YEAR_MS, generation = 1) =>
    issueIdentity({ authority, agentId, ttlMs, generation, now: clock.now() });
  /** Closes the gateway; throws if it logged an error that the test did not take out of `problems`. */
  const close = async () => {
    await gateway.close();
    if (problems.length > 0) throw new Error(`the gateway logged ${JSON.stringify(problems)}`);
  };
  return { clock, authority, desk, objects, gateway, problems, identity, close };
}

interface IdentityRequest {
  readonly authority: CertifiedKey;
  readonly agentId: string;
  readonly ttlMs?: number;
  readonly generation?: number;
  readonly now?: number;
}

export async function issueIdentity({
  authority,
  agentId,
  ttlMs = YEAR_MS,
  generation = 1,
  now = Date.now(),
}: IdentityRequest): Promise<Identity> {
  const { privateKeyPem, csr } = createKeyAndRequest();
  const { certificate } = await issueClientCertificate(authority, csr, { agentId, generation, ttlMs, now });
  return { ca: authority.certificatePem, key: privateKeyPem, cert: certificatePem(certificate) };
}

export function helloOf(agentId: string, change: Partial<HelloReport> = {}): AgentReport {
  const hello: HelloReport = {
    agentId,
    hostname: "host-1",
    product: "acme-agent",
    version: "1.0.0",
    os: "linux",
    arch: "amd64",
    labels: {},
    capabilities: ["update"],
    policy: { updates: true, maintenance: false },
    bootId: "boot",
    sentAt: 1_700_000_000_000,
    lastSequence: 0,
    targetId: null,
    ...change,
  };
  return { kind: "hello", hello };
}

/** How a call ended: the gRPC status and Muster's code. */
export interface Ending {
  readonly status: number;
  readonly code: string | null;
  readonly message: string;
}

export function endingOf(error: Pick<ServiceError, "code" | "details" | "metadata">): Ending {
  const [code] = error.metadata.get(CODE_TRAILER);
  return { status: error.code, code: code === undefined ? null : String(code), message: error.details };
}

export interface RawAgent {
  send(report: AgentReport): void;
  sendBytes(bytes: Uint8Array): void;
  /** The next message that comes down. */
  next(): Promise<GatewayOrder | null>;
  readonly ended: Promise<Ending>;
  leave(): void;
  unary(method: "enrol" | "renew", request: Buffer): Promise<Buffer>;
}

const pem = (text: string | undefined) => (text === undefined ? null : Buffer.from(text));

/** A client of the bare wire. Without an identity it has only the CA. */
export function dialRaw(
  port: number,
  identity: { readonly ca: string; key?: string; cert?: string },
): RawAgent {
  const { ca, key, cert } = identity;
  const client = new Client(
    `localhost:${port}`,
    credentials.createSsl(Buffer.from(ca), pem(key), pem(cert)),
    {
      "grpc.use_local_subchannel_pool": 1,
      "grpc.enable_http_proxy": 0,
    },
  );
  let stream: ClientDuplexStream<Buffer, Buffer> | null = null;
  const received: (GatewayOrder | null)[] = [];
  const waiting: ((order: GatewayOrder | null) => void)[] = [];
  const { promise: ended, resolve: end } = Promise.withResolvers<Ending>();
  const open = () => {
    if (stream) return stream;
    const { path, requestSerialize, responseDeserialize } = agentGatewayMethods.connect;
    stream = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
    stream.on("data", (bytes: Buffer) => {
      const order = decodeGatewayMessage(bytes);
      const waiter = waiting.shift();
      if (waiter) waiter(order);
      else received.push(order);
    });
    stream.on("error", () => undefined);
    stream.on("status", (status: Pick<ServiceError, "code" | "details" | "metadata">) => {
      end(endingOf(status));
      client.close();
    });
    return stream;
  };
  return {
    send: (report) => void open().write(encodeAgentMessage(report)),
    sendBytes: (bytes) => void open().write(Buffer.from(bytes)),
    next: () => {
      const first = received.shift();
      return first === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(first);
    },
    ended,
    leave: () => {
      stream?.cancel();
      client.close();
    },
    unary: (method, request) =>
      new Promise((resolve, reject) => {
        const { path, requestSerialize, responseDeserialize } = agentGatewayMethods[method];
        client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, (error, response) => {
          client.close();
          if (error) reject(endingOf(error));
          else resolve(response ?? Buffer.alloc(0));
        });
      }),
  };
}
