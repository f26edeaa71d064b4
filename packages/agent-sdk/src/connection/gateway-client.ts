import {
  Client,
  credentials,
  Metadata,
  status,
  type ClientDuplexStream,
  type StatusObject,
} from "@grpc/grpc-js";
import { isErrorCode, MusterError, type ErrorCode } from "@muster/core";
import {
  agentGatewayMethods,
  CODE_TRAILER,
  decodeGatewayMessage,
  encodeAgentMessage,
  type AgentReport,
  type GatewayOrder,
} from "@muster/protocol/agent";

/** PEM texts; key and certificate are missing only before the enrolment. */
export interface TlsIdentity {
  readonly ca: string;
  readonly key?: string;
  readonly certificate?: string;
}

/** One stream, from the hello on. */
export interface GatewayCall {
  /** False if it has ended, or so much is unsent that the message was dropped. */
  send(report: AgentReport): boolean;
  /** Ends the stream in order. */
  close(): void;
  /** Breaks it off. */
  abort(): void;
}

export interface CallEvents {
  /** A message that could not be read ends the call. */
  received(order: GatewayOrder): void;
  /** Once. Null: in order. */
  ended(problem: MusterError | null): void;
}

/** Opens a stream. Nothing is thrown: what fails, ends the call. */
export type Dial = (address: string, identity: TlsIdentity, events: CallEvents) => GatewayCall;

const UNARY_TIMEOUT_MS = 30_000;
/** Between them a dead connection is noticed within three quarters of a minute. */
const KEEPALIVE_MS = 30_000;
const KEEPALIVE_TIMEOUT_MS = 15_000;
/** Reports that may be unsent before more of them are dropped. */
const UNSENT_MAX = 64;
/** An assignment holds a manifest. */
const RECEIVE_MAX_BYTES = 4 * 1024 * 1024;

/** A stream over gRPC with mutual TLS, on a connection of its own. */
export const dialGateway: Dial = (address, identity, events) => {
  const client = connect(address, identity);
  const { path, requestSerialize, responseDeserialize } = agentGatewayMethods.connect;
  const call: ClientDuplexStream<Buffer, Buffer> = client.makeBidiStreamRequest(
    path,
    requestSerialize,
    responseDeserialize,
  );
  let ended = false;
  const end = (problem: MusterError | null) => {
    if (ended) return;
    ended = true;
    client.close();
    events.ended(problem);
  };
  call.on("data", (bytes: Buffer) => {
    if (ended) return;
    try {
      const order = decodeGatewayMessage(bytes);
      if (order !== null) events.received(order);
    } catch (error) {
      call.cancel();
      end(
        error instanceof MusterError ? error : new MusterError("INTERNAL_UNEXPECTED", {}, { cause: error }),
      );
    }
  });
  // The status that follows says the same, with its trailers.
  call.on("error", () => undefined);
  call.on("status", (ending: StatusObject) => end(ending.code === status.OK ? null : problemOf(ending)));
  return {
    send: (report) => {
      if (ended || call.writableLength >= UNSENT_MAX) return false;
      call.write(encodeAgentMessage(report));
      return true;
    },
    close: () => {
      if (ended) return;
      call.end();
    },
    abort: () => {
      call.cancel();
      end(new MusterError("SERVER_UNREACHABLE", { problem: "no answer" }));
    },
  };
};

/** One question and its answer; throws the gateway's code, or `SERVER_UNREACHABLE`. */
export function callGateway(
  method: "enrol" | "renew",
  request: Buffer,
  { address, identity }: { readonly address: string; readonly identity: TlsIdentity },
): Promise<Buffer> {
  const client = connect(address, identity);
  const { path, requestSerialize, responseDeserialize } = agentGatewayMethods[method];
  const deadline = Date.now() + UNARY_TIMEOUT_MS;
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      request,
      new Metadata(),
      { deadline },
      (error, response) => {
        client.close();
        if (error) reject(problemOf(error));
        else resolve(response ?? Buffer.alloc(0));
      },
    );
  });
}

const pem = (text: string | undefined) => (text === undefined ? null : Buffer.from(text));

function connect(address: string, { ca, key, certificate }: TlsIdentity): Client {
  return new Client(address, credentials.createSsl(pem(ca), pem(key), pem(certificate)), {
    "grpc.use_local_subchannel_pool": 1,
    "grpc.enable_channelz": 0,
    "grpc.enable_http_proxy": 0,
    "grpc.enable_retries": 0,
    "grpc.service_config_disable_resolution": 1,
    "grpc.keepalive_time_ms": KEEPALIVE_MS,
    "grpc.keepalive_timeout_ms": KEEPALIVE_TIMEOUT_MS,
    "grpc.max_receive_message_length": RECEIVE_MAX_BYTES,
  });
}

function problemOf({ details, metadata }: Pick<StatusObject, "details" | "metadata">): MusterError {
  const [trailer] = metadata.get(CODE_TRAILER);
  const code: ErrorCode = isErrorCode(trailer) ? trailer : "SERVER_UNREACHABLE";
  return new MusterError(code, { problem: details.slice(0, 512) });
}
