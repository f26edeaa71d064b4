import { MusterError } from "@muster/core";
import {
  agentGatewayMethods,
  decodeGatewayMessage,
  encodeAgentMessage,
  type AgentReport,
  type GatewayOrder,
} from "@muster/protocol/agent";
import { openCall, type Endpoint, type TlsIdentity } from "./grpc/call.ts";

export type { TlsIdentity } from "./grpc/call.ts";

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

/** A stream over gRPC with mutual TLS, on a connection of its own. */
export const dialGateway: Dial = (address, identity, events) => {
  const { path } = agentGatewayMethods.connect;
  const call = openCall(
    path,
    { address, identity },
    {
      received: (bytes) => {
        const order = decodeGatewayMessage(bytes);
        if (order !== null) events.received(order);
      },
      ended: (problem) => events.ended(problem),
    },
  );
  return {
    send: (report) => call.send(encodeAgentMessage(report)),
    close: () => call.end(),
    abort: () => call.cancel(unanswered()),
  };
};

/** One question and its answer; throws the gateway's code, or `SERVER_UNREACHABLE`. */
export function callGateway(method: "enrol" | "renew", request: Buffer, endpoint: Endpoint): Promise<Buffer> {
  const { path } = agentGatewayMethods[method];
  return new Promise((resolve, reject) => {
    let answer: Buffer | null = null;
    const call = openCall(path, endpoint, {
      received: (message) => {
        answer = message;
      },
      ended: (problem) => {
        clearTimeout(timer);
        if (problem) reject(problem);
        else if (answer) resolve(answer);
        else reject(unanswered());
      },
    });
    const timer = setTimeout(() => call.cancel(unanswered()), UNARY_TIMEOUT_MS);
    call.send(request);
    call.end();
  });
}

function unanswered(): MusterError {
  return new MusterError("SERVER_UNREACHABLE", { problem: "no answer" });
}
