import { Metadata, status } from "@grpc/grpc-js";
import { asMusterError, ERROR_REGISTRY, type MusterError } from "@muster/core";
import { CODE_TRAILER } from "@muster/protocol/agent";

/** An error as gRPC sends it. */
export interface GrpcFailure {
  readonly code: status;
  readonly details: string;
  readonly metadata: Metadata;
}

const DETAILS_MAX = 512;

/** The status for any thrown value, with its code in the trailer. What is unexpected shows nothing of itself. */
export function grpcFailure(error: unknown): GrpcFailure {
  const problem = asMusterError(error);
  const metadata = new Metadata();
  metadata.set(CODE_TRAILER, problem.code);
  return { code: status[ERROR_REGISTRY[problem.code].grpcStatus], details: publicMessage(problem), metadata };
}

/** What the other side may read. */
function publicMessage(problem: MusterError): string {
  const { code, message } = problem;
  const text = code === "INTERNAL_UNEXPECTED" ? ERROR_REGISTRY[code].meaning : message;
  // A cut may split a surrogate pair, which the gRPC library cannot encode.
  return text.slice(0, DETAILS_MAX).toWellFormed();
}
