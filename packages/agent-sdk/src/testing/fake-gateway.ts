import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer, type Server as TlsServer, type TLSSocket } from "node:tls";
import {
  Metadata,
  Server,
  ServerCredentials,
  status,
  type sendUnaryData,
  type ServerDuplexStream,
} from "@grpc/grpc-js";
import type { ServerUnaryCall } from "@grpc/grpc-js";
import { ERROR_REGISTRY, MusterError, type Assignment, type ErrorCode, type Outcome } from "@muster/core";
import {
  agentGatewayMethods,
  artifactPath,
  CODE_TRAILER,
  decodeAgentMessage,
  decodeEnrolRequest,
  decodeRenewRequest,
  encodeEnrolResponse,
  encodeGatewayMessage,
  encodeRenewResponse,
  type AgentReport,
  type EnrolmentReport,
  type GatewayOrder,
  type HelloReport,
} from "@muster/protocol/agent";
import {
  createTokenSecret,
  formatToken,
  generateSigningKey,
  rawPublicKey,
  signAssignment,
} from "@muster/trust";
import {
  authorityPin,
  certificateDer,
  createAuthority,
  issueClientCertificate,
  issueServerCertificate,
  type CertifiedKey,
} from "@muster/trust/x509";
import type { TestRelease } from "./signed-release.ts";

export const HEARTBEAT_MS = 10_000;
const YEAR_MS = 365 * 86_400_000;

/** One agent's stream, as the gateway sees it. */
export interface FakeStream {
  readonly hello: HelloReport;
  readonly reports: AgentReport[];
  send(order: GatewayOrder): void;
  sendBytes(bytes: Uint8Array): void;
  end(code: ErrorCode): void;
  isOpen(): boolean;
}

interface Behaviour {
  /** Every stream is refused with it. */
  refuse: ErrorCode | null;
  /** The next enrolments and renewals are refused with it. */
  refuseCertificates: ErrorCode | null;
  certificateTtlMs: number;
  acknowledge: boolean;
  /** How many bytes the next downloads send before they break off; then whole again. */
  breaks: number[];
  /** A download is answered with it. */
  refuseDownload: ErrorCode | null;
  ignoreRanges: boolean;
}

/** A gateway that does what a test tells it to, over real TLS. */
export async function startFakeGateway(): Promise<FakeGateway> {
  const now = Date.now();
  const authority = await createAuthority({ name: "test agents", now });
  const names = { names: ["localhost"], ips: ["127.0.0.1"] };
  const certified = await issueServerCertificate(authority, { ...names, ttlMs: YEAR_MS, now });
  const gateway = new FakeGateway(authority);
  await gateway.listen(certified);
  return gateway;
}

export class FakeGateway {
  readonly authority: CertifiedKey;
  readonly streams: FakeStream[] = [];
  readonly enrolments: EnrolmentReport[] = [];
  readonly renewals: Uint8Array[] = [];
  readonly downloads: {
    readonly path: string;
    readonly range: string | null;
    readonly authorized: boolean;
  }[] = [];
  readonly behaviour: Behaviour = {
    refuse: null,
    refuseCertificates: null,
    certificateTtlMs: YEAR_MS,
    acknowledge: true,
    breaks: [],
    refuseDownload: null,
    ignoreRanges: false,
  };
  address = "";
  readonly #assignmentKey = generateSigningKey();
  readonly #artifacts = new Map<string, Buffer>();
  readonly #sockets = new Set<TLSSocket>();
  readonly #grpc = new Server({ "grpc.enable_channelz": 0 });
  #tls: TlsServer | null = null;
  #generation = 0;
  #sequence = 0;

  constructor(authority: CertifiedKey) {
    this.authority = authority;
  }

  async listen(certified: CertifiedKey): Promise<void> {
    this.#grpc.addService(agentGatewayMethods, {
      enrol: answer((call) => this.#enrol(call)),
      renew: answer((call) => this.#renew(call)),
      connect: (call: Call) => this.#connect(call),
    });
    const injector = this.#grpc.createConnectionInjector(ServerCredentials.createInsecure());
    const http = createHttpServer((request, response) => this.#download(request, response));
    const options = {
      cert: `${certified.certificatePem}${this.authority.certificatePem}`,
      key: certified.privateKeyPem,
      ca: this.authority.certificatePem,
      requestCert: true,
      rejectUnauthorized: false,
      ALPNProtocols: ["h2", "http/1.1"],
    };
    const server = createTlsServer(options, (socket) => {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
      socket.on("error", () => undefined);
      if (socket.alpnProtocol === "h2") injector.injectConnection(socket);
      else http.emit("connection", socket);
    });
    await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
    const bound = server.address();
    this.address = `localhost:${typeof bound === "object" && bound ? bound.port : 0}`;
    this.#tls = server;
  }

  /** The stream that stands now. */
  stream(): FakeStream | undefined {
    return this.streams.findLast((stream) => stream.isOpen());
  }

  outcomes(): readonly Outcome[] {
    const reports = this.streams.flatMap((stream) => stream.reports);
    return reports.flatMap((report) => (report.kind === "outcome" ? [report.outcome] : []));
  }

  token(caPin = authorityPin(this.authority.certificatePem)): string {
    return formatToken({ tokenId: "tok-1", secret: createTokenSecret(), caPin });
  }

  /** The order to bring the agent to a release; its archive can be downloaded from then on. */
  assign(
    release: TestRelease,
    change: Partial<Assignment> = {},
    signingKey = this.#assignmentKey,
  ): GatewayOrder {
    this.#sequence += 1;
    const assignment: Assignment = {
      schema: 1,
      agentId: "agent-1",
      targetId: `target-${this.#sequence}`,
      rolloutId: "rollout-1",
      product: release.manifest.product,
      version: release.manifest.version,
      manifestDigest: release.digest,
      sequence: this.#sequence,
      notAfter: Date.now() + 3_600_000,
      allowDowngrade: false,
      limits: { deadlineMs: 60_000, stabilizationMs: 1000, maxBoots: 3 },
      ...change,
    };
    const downloadPath = artifactPath(assignment.targetId);
    this.#artifacts.set(downloadPath, release.archive);
    const signed = signAssignment(assignment, signingKey);
    return {
      kind: "assign",
      assignment: signed.assignment,
      assignmentSignature: signed.signature,
      manifest: release.bytes,
      manifestSignatures: release.signatures,
      downloadPath,
    };
  }

  dropConnections(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Idempotent. */
  async close(): Promise<void> {
    this.dropConnections();
    const server = this.#tls;
    this.#tls = null;
    await new Promise<void>((resolve) => {
      if (server) server.close(() => resolve());
      else resolve();
    });
    this.#grpc.forceShutdown();
  }

  #issue(csr: Uint8Array) {
    this.#generation += 1;
    const ttlMs = this.behaviour.certificateTtlMs;
    const next = { agentId: "agent-1", generation: this.#generation, ttlMs, now: Date.now() };
    return issueClientCertificate(this.authority, csr, next);
  }

  async #enrol(call: ServerUnaryCall<Buffer, Buffer>): Promise<Buffer> {
    if (this.behaviour.refuseCertificates) throw new MusterError(this.behaviour.refuseCertificates);
    const request = decodeEnrolRequest(call.request);
    this.enrolments.push(request);
    const issued = await this.#issue(request.csr);
    return encodeEnrolResponse({
      agentId: issued.agentId,
      certificate: issued.certificate,
      caCertificate: certificateDer(this.authority.certificatePem),
      assignmentKey: rawPublicKey(this.#assignmentKey),
      expiresAt: issued.expiresAt,
    });
  }

  async #renew(call: ServerUnaryCall<Buffer, Buffer>): Promise<Buffer> {
    if (this.behaviour.refuseCertificates) throw new MusterError(this.behaviour.refuseCertificates);
    const csr = decodeRenewRequest(call.request);
    this.renewals.push(csr);
    const { certificate, expiresAt } = await this.#issue(csr);
    return encodeRenewResponse({ certificate, expiresAt });
  }

  #connect(call: Call): void {
    if (this.behaviour.refuse) {
      call.emit("error", failureOf(this.behaviour.refuse));
      return;
    }
    let reports: AgentReport[] | null = null;
    call.on("data", (bytes: Buffer) => {
      const report = decodeAgentMessage(bytes);
      if (report?.kind === "hello") reports = this.#welcome(call, report.hello);
      else if (report) reports?.push(report);
      if (report?.kind === "outcome" && this.behaviour.acknowledge) {
        const { targetId } = report.outcome;
        call.write(encodeGatewayMessage({ kind: "outcome_acknowledged", targetId }));
      }
    });
    call.on("end", () => call.end());
  }

  #welcome(call: Call, hello: HelloReport): AgentReport[] {
    const reports: AgentReport[] = [];
    let open = true;
    call.on("close", () => {
      open = false;
    });
    this.streams.push({
      hello,
      reports,
      send: (order) => void call.write(encodeGatewayMessage(order)),
      sendBytes: (raw) => void call.write(Buffer.from(raw)),
      end: (code) => void call.emit("error", failureOf(code)),
      isOpen: () => open,
    });
    call.write(
      encodeGatewayMessage({ kind: "welcome", sentAt: Date.now(), heartbeatIntervalMs: HEARTBEAT_MS }),
    );
    return reports;
  }

  #download(request: IncomingMessage, response: ServerResponse): void {
    const range = request.headers.range ?? null;
    const { authorized } = request.socket as TLSSocket;
    this.downloads.push({ path: request.url ?? "", range, authorized });
    sendArtifact(request, response, { artifacts: this.#artifacts, behaviour: this.behaviour });
  }
}

type Call = ServerDuplexStream<Buffer, Buffer>;

function sendArtifact(
  request: IncomingMessage,
  response: ServerResponse,
  {
    artifacts,
    behaviour,
  }: { readonly artifacts: ReadonlyMap<string, Buffer>; readonly behaviour: Behaviour },
): void {
  const content = artifacts.get(request.url ?? "");
  const refusal = behaviour.refuseDownload ?? (content ? null : "DOWNLOAD_NOT_ALLOWED");
  if (refusal || !content) {
    response.writeHead(ERROR_REGISTRY[refusal ?? "DOWNLOAD_NOT_ALLOWED"].httpStatus, {
      "content-type": "application/problem+json",
    });
    response.end(JSON.stringify({ code: refusal }));
    return;
  }
  const range = behaviour.ignoreRanges ? null : /^bytes=(\d+)-$/.exec(request.headers.range ?? "");
  const from = Number(range?.[1] ?? 0);
  response.writeHead(range ? 206 : 200, {
    "content-length": content.byteLength - from,
    ...(range && { "content-range": `bytes ${from}-${content.byteLength - 1}/${content.byteLength}` }),
  });
  const breakAfter = behaviour.breaks.shift();
  if (breakAfter === undefined) response.end(content.subarray(from));
  else response.write(content.subarray(from, from + breakAfter), () => response.destroy());
}

function answer(handle: (call: ServerUnaryCall<Buffer, Buffer>) => Promise<Buffer>) {
  return (call: ServerUnaryCall<Buffer, Buffer>, respond: sendUnaryData<Buffer>): void => {
    handle(call).then(
      (response) => respond(null, response),
      (error: unknown) =>
        respond(failureOf(error instanceof MusterError ? error.code : "INTERNAL_UNEXPECTED")),
    );
  };
}

function failureOf(code: ErrorCode) {
  const metadata = new Metadata();
  metadata.set(CODE_TRAILER, code);
  return { code: status[ERROR_REGISTRY[code].grpcStatus], details: code, metadata };
}
