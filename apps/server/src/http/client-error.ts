import type { Socket } from "node:net";
import { MusterError } from "@muster/core";
import type { ConnectionError } from "fastify";
import { PROBLEM_TYPE, problemOf } from "./problem.ts";

/** Answers what is not HTTP, or never became a whole request, and ends the connection. */
export function answerClientError(error: ConnectionError, socket: Socket): void {
  // There is nobody left to answer.
  if (error.code === "ECONNRESET" || socket.destroyed || !socket.writable) return;
  const tooLarge = error.code === "HPE_HEADER_OVERFLOW";
  const problem = problemOf(
    tooLarge
      ? new MusterError("REQUEST_TOO_LARGE", { field: "(headers)" })
      : new MusterError("REQUEST_INVALID", { problem: "is not a request of HTTP/1.1" }),
  );
  const body = JSON.stringify(problem);
  const head = [
    `HTTP/1.1 ${problem.status} ${tooLarge ? "Content Too Large" : "Bad Request"}`,
    `Content-Type: ${PROBLEM_TYPE}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    "Connection: close",
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`);
}
