import type { ServerResponse } from "node:http";
import { asMusterError, ERROR_REGISTRY } from "@muster/core";
import type { Problem } from "@muster/protocol/http";
import { publicMessage } from "./status.ts";

/** Seconds after which a refused download may be tried again. */
const RETRY_AFTER_SECONDS = 2;

/** Answers with problem details (RFC 9457), if nothing was sent yet; otherwise breaks the connection off. */
export function answerProblem(response: ServerResponse, error: unknown): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const problem = asMusterError(error);
  const { meaning, help, httpStatus, retryable } = ERROR_REGISTRY[problem.code];
  const body: Problem = {
    type: `https://muster.dev/errors/${problem.code}`,
    title: meaning,
    status: httpStatus,
    detail: publicMessage(problem),
    code: problem.code,
    help,
    retryable,
    details: problem.code === "INTERNAL_UNEXPECTED" ? {} : { ...problem.details },
  };
  response.writeHead(httpStatus, {
    "content-type": "application/problem+json",
    "cache-control": "no-store",
    ...(retryable && { "retry-after": String(RETRY_AFTER_SECONDS) }),
  });
  response.end(JSON.stringify(body));
}
