import { ERROR_REGISTRY, type ErrorEntry } from "../../packages/core/src/index.ts";
import { page, table } from "./markdown.ts";

const HEAD = ["code", "meaning", "what to do", "HTTP", "gRPC", "again?", "event"];

/** docs/errors.md: every error code, by area, in the registry's order. */
export function errorsPage(): string {
  const entries = Object.entries<ErrorEntry>(ERROR_REGISTRY);
  return page("Errors", [
    [
      "Every error of Muster has one of these codes; programs branch on it and on nothing else. The API sends it as `code`",
      "of a problem document (RFC 9457), the agents' stream as the `muster-code` trailer, the command line before the message.",
      "**again?** says whether the same request can succeed later with nothing changed. **event** is the short name that",
      "operators know from the agent's side of an update.",
    ].join("\n"),
    table(HEAD, entries.map(row)),
  ]);
}

function row([code, entry]: [string, ErrorEntry]): string[] {
  const { meaning, help, httpStatus, grpcStatus, retryable, event } = entry;
  return [
    `<a id="${code}"></a>\`${code}\``,
    meaning,
    help,
    String(httpStatus),
    grpcStatus,
    retryable ? "yes" : "no",
    event === undefined ? "" : `\`${event}\``,
  ];
}
