import { Server, ServerCredentials, type sendUnaryData, type ServerDuplexStream } from "@grpc/grpc-js";
import type { ServerUnaryCall } from "@grpc/grpc-js";
import { MusterError } from "@muster/core";
import type { AgentDesk } from "@muster/fleet";
import {
  agentGatewayMethods,
  decodeEnrolRequest,
  decodeRenewRequest,
  encodeEnrolResponse,
  encodeRenewResponse,
} from "@muster/protocol/agent";
import { AgentStream, type StreamContext } from "./agent-stream.ts";
import type { LineRegistry } from "./lines.ts";
import type { Peers } from "./peers.ts";
import { identityForRenewal, identityOf, type Peer } from "./peer.ts";
import type { GatewayLimits, GatewayLog } from "./ports.ts";
import { grpcFailure } from "./status.ts";

/** Largest message of an agent: a diagnostics bundle is the largest. */
const RECEIVE_MAX_BYTES = 320 * 1024;
const SEND_MAX_BYTES = 4 * 1024 * 1024;
/** Certificates that one connection may ask for: signing one costs more than asking. */
const CERTIFICATES_PER_CONNECTION = 5;
/** Calls at once on one connection. */
const CALLS_PER_CONNECTION = 16;

export interface ServiceContext {
  readonly desk: AgentDesk;
  readonly limits: GatewayLimits;
  readonly log: GatewayLog;
  readonly now: () => number;
  readonly lines: LineRegistry;
  readonly heartbeatIntervalMs: number;
  readonly peers: Peers;
  /** Of the agents, PEM. */
  readonly caCertificate: string;
  readonly isAccepting: () => boolean;
}

/** The gRPC server of the agents' service, without a port of its own. */
export function createGrpcServer(context: ServiceContext) {
  const server = new Server({
    // It would keep records of every connection and call.
    "grpc.enable_channelz": 0,
    "grpc.max_receive_message_length": RECEIVE_MAX_BYTES,
    "grpc.max_send_message_length": SEND_MAX_BYTES,
    "grpc.max_concurrent_streams": CALLS_PER_CONNECTION,
  });
  const streams: StreamContext = { ...context, lines: context.lines };
  let certifying = 0;

  async function certify(call: UnaryCall, issue: (peer: Peer) => Promise<Buffer>): Promise<Buffer> {
    requireAccepting(context);
    const peer = context.peers.find(call.getPeer());
    peer.certificates += 1;
    if (peer.certificates > CERTIFICATES_PER_CONNECTION) throw new MusterError("RATE_LIMITED");
    if (certifying >= context.limits.enrolments) throw new MusterError("SERVER_OVERLOADED", { certifying });
    certifying += 1;
    try {
      return await issue(peer);
    } finally {
      certifying -= 1;
    }
  }

  const enrol = (call: UnaryCall) =>
    certify(call, async () =>
      encodeEnrolResponse(await context.desk.enrol(decodeEnrolRequest(call.request))),
    );

  const renew = (call: UnaryCall) =>
    certify(call, async (peer) => {
      const identity = identityForRenewal(peer, context.now(), context.caCertificate);
      context.desk.admit(identity);
      return encodeRenewResponse(await context.desk.renew(identity, decodeRenewRequest(call.request)));
    });

  function connect(call: ServerDuplexStream<Buffer, Buffer>): void {
    try {
      requireAccepting(context);
      if (context.lines.streams.size >= context.limits.streams) {
        throw new MusterError("SERVER_OVERLOADED", { streams: context.lines.streams.size });
      }
      const peer = context.peers.find(call.getPeer());
      const identity = identityOf(peer, context.now());
      context.desk.admit(identity);
      context.lines.add(new AgentStream(call, peer, identity, streams));
    } catch (error) {
      call.emit("error", grpcFailure(error));
    }
  }

  server.addService(agentGatewayMethods, {
    enrol: answer(enrol, context.log),
    renew: answer(renew, context.log),
    connect,
  });
  return { server, injector: server.createConnectionInjector(ServerCredentials.createInsecure()) };
}

type UnaryCall = ServerUnaryCall<Buffer, Buffer>;
type Unary = (call: UnaryCall) => Promise<Buffer>;

function answer(handle: Unary, log: GatewayLog) {
  return (call: UnaryCall, respond: sendUnaryData<Buffer>): void => {
    handle(call).then(
      (response) => respond(null, response),
      (error: unknown) => {
        const failure = grpcFailure(error);
        const fields = { path: call.getPath(), peer: call.getPeer(), problem: failure.details };
        if (error instanceof MusterError) log.info({ ...fields, code: error.code }, "call refused");
        else log.error({ ...fields, err: error }, "call failed");
        respond(failure);
      },
    );
  };
}

function requireAccepting({ isAccepting }: ServiceContext): void {
  if (!isAccepting()) throw new MusterError("SERVER_OVERLOADED", { problem: "it does not take agents now" });
}
