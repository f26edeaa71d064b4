import { Client, credentials, Metadata, type StatusObject } from "@grpc/grpc-js";
import type { SecureContext } from "node:tls";
import { isErrorCode, MusterError } from "@muster/core";
import { agentGatewayMethods, CODE_TRAILER } from "@muster/protocol/agent";
import type { GatewayAddress } from "./gateway-address.ts";

const UNARY_TIMEOUT_MS = 30_000;
const KEEPALIVE_MS = 30_000;
const KEEPALIVE_TIMEOUT_MS = 15_000;
/** An assignment holds a manifest. */
const RECEIVE_MAX_BYTES = 4 * 1024 * 1024;

/** A gRPC client with a connection of its own, as a real agent has one. */
export function createClient(gateway: GatewayAddress, context: SecureContext): Client {
  return new Client(gateway.text, credentials.createFromSecureContext(context), {
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

/** One question and its answer; throws the gateway's code, or `SERVER_UNREACHABLE`. */
export function callOnce(client: Client, method: "enrol" | "renew", request: Buffer): Promise<Buffer> {
  const { path, requestSerialize, responseDeserialize } = agentGatewayMethods[method];
  const options = { deadline: Date.now() + UNARY_TIMEOUT_MS };
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      request,
      new Metadata(),
      options,
      (error, response) => {
        client.close();
        if (error) reject(problemOf(error));
        else resolve(response ?? Buffer.alloc(0));
      },
    );
  });
}

/** The error that a call's status says. */
export function problemOf({ details, metadata }: Pick<StatusObject, "details" | "metadata">): MusterError {
  const [trailer] = metadata.get(CODE_TRAILER);
  return new MusterError(isErrorCode(trailer) ? trailer : "SERVER_UNREACHABLE", { problem: details });
}
