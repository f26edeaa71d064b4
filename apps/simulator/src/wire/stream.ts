import { status, type StatusObject } from "@grpc/grpc-js";
import { asMusterError, type MusterError } from "@muster/core";
import {
  agentGatewayMethods,
  decodeGatewayMessage,
  encodeAgentMessage,
  type AgentReport,
  type GatewayOrder,
} from "@muster/protocol/agent";
import { createClient, problemOf } from "./call.ts";
import type { GatewayAddress } from "./gateway-address.ts";
import type { Identity } from "./identity.ts";

/** One agent's stream, on a connection of its own. */
export interface Stream {
  send(report: AgentReport): void;
  /** Ends it when what was sent has left. `ended` is told all the same. */
  end(): void;
}

export interface StreamEvents {
  received(order: GatewayOrder): void;
  /** Once. Null: in order. */
  ended(problem: MusterError | null): void;
}

/** Opens the stream; what fails, ends it. */
export function openStream(gateway: GatewayAddress, identity: Identity, events: StreamEvents): Stream {
  const client = createClient(gateway, identity.context);
  const { path, requestSerialize, responseDeserialize } = agentGatewayMethods.connect;
  const call = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
  let isOver = false;
  const over = (problem: MusterError | null) => {
    if (isOver) return;
    isOver = true;
    client.close();
    events.ended(problem);
  };
  call.on("data", (bytes: Buffer) => {
    if (isOver) return;
    try {
      const order = decodeGatewayMessage(bytes);
      if (order !== null) events.received(order);
    } catch (error) {
      call.cancel();
      over(asMusterError(error));
    }
  });
  // The status that follows says the same, and the code.
  call.on("error", () => undefined);
  call.on("status", (ending: StatusObject) => over(ending.code === status.OK ? null : problemOf(ending)));
  return {
    send: (report) => {
      if (!isOver) call.write(encodeAgentMessage(report));
    },
    end: () => void call.end(),
  };
}
