import type { IncomingHttpHeaders } from "node:http2";
import { isErrorCode, MusterError } from "@muster/core";
import { CODE_TRAILER } from "@muster/protocol/agent";

const OK = "0";
const PROBLEM_MAX = 512;

/**
 * What ended a call, by its status, or null if nothing did: Muster's code where the gateway gave one. Null for headers
 * that are no status is not an answer: ask `isStatus` before.
 */
export function problemOf(status: IncomingHttpHeaders): MusterError | null {
  if (status["grpc-status"] === OK) return null;
  const code = status[CODE_TRAILER];
  return new MusterError(isErrorCode(code) ? code : "SERVER_UNREACHABLE", { problem: messageOf(status) });
}

/** Whether these are the headers that end a call: the trailers, or the only ones of a call that was refused. */
export function isStatus(headers: IncomingHttpHeaders): boolean {
  return headers["grpc-status"] !== undefined;
}

/** Status-Message of gRPC over HTTP/2 is percent-encoded; one that is not right is shown as it came. */
function messageOf(status: IncomingHttpHeaders): string {
  const text = String(status["grpc-message"] ?? `status ${String(status["grpc-status"])}`);
  try {
    return decodeURIComponent(text).slice(0, PROBLEM_MAX);
  } catch {
    return text.slice(0, PROBLEM_MAX);
  }
}
