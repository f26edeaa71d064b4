import type { ServerResponse } from "node:http";
import { ERROR_REGISTRY, MusterError } from "@muster/core";
import { PROBLEM_TYPE, problemOf } from "../http/problem.ts";

/** Seconds after which a refused download may be tried again. */
const RETRY_AFTER_SECONDS = 2;

/** Answers with problem details (RFC 9457), if nothing was sent yet; otherwise breaks the connection off. */
export function answerProblem(response: ServerResponse, error: unknown): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  // What is unexpected says nothing of itself.
  const problem =
    error instanceof MusterError ? error : new MusterError("INTERNAL_UNEXPECTED", {}, { cause: error });
  const { httpStatus, retryable } = ERROR_REGISTRY[problem.code];
  response.writeHead(httpStatus, {
    "content-type": PROBLEM_TYPE,
    "cache-control": "no-store",
    ...(retryable && { "retry-after": String(RETRY_AFTER_SECONDS) }),
  });
  response.end(JSON.stringify(problemOf(problem)));
}
