import { AgentGatewayDefinition } from "./gen/muster/agent/v1/agent.ts";

const asBytes = (value: Buffer): Buffer => value;

/** One of the service's methods, as gRPC libraries take it. */
function method({ name, requestStream, responseStream }: Described) {
  return {
    path: `/${AgentGatewayDefinition.fullName}/${name}`,
    requestStream,
    responseStream,
    requestSerialize: asBytes,
    requestDeserialize: asBytes,
    responseSerialize: asBytes,
    responseDeserialize: asBytes,
  };
}

interface Described {
  readonly name: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
}

const { enrol, renew, connect } = AgentGatewayDefinition.methods;

/**
 * The service's methods with messages as bytes. Both ends decode them with this package's functions, so that a message
 * which cannot be read gets an error code of Muster's and not one of the gRPC library's.
 */
export const agentGatewayMethods = {
  enrol: method(enrol),
  renew: method(renew),
  connect: method(connect),
} as const;

/** Trailer that carries the error code. */
export const CODE_TRAILER = "muster-code";

/** Where an agent downloads the archive of its own target. */
export const artifactPath = (targetId: string) => `/v1/targets/${targetId}/artifact`;
/** Answers 200 while the gateway takes agents, 503 while it does not. */
export const READY_PATH = "/v1/ready";
