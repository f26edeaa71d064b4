import { ERROR_REGISTRY, type ErrorCode } from "@muster/core";

/** What the program exits with; scripts branch on it. */
export const EXIT_CODES = {
  ok: 0,
  failed: 1,
  usage: 2,
  notFound: 3,
  refused: 4,
  unreachable: 5,
  halted: 6,
  interrupted: 130,
} as const;

/** For `--help`. */
export const EXIT_CODE_HELP = `Exit codes:
  0    done
  1    failed
  2    called with wrong arguments
  3    there is no such object
  4    refused, or not valid
  5    the server cannot be reached
  6    the watched rollout halted, failed, was canceled or rolled back
  130  interrupted`;

/** The exit code that an error stands for. */
export function exitCodeOf(code: ErrorCode): number {
  const { httpStatus } = ERROR_REGISTRY[code];
  if (code === "USAGE_INVALID") return EXIT_CODES.usage;
  // A trust anchor is a host's own affair to the server, but an input here.
  if (code === "TRUST_ANCHOR_INVALID") return EXIT_CODES.refused;
  if (httpStatus === 404) return EXIT_CODES.notFound;
  if (httpStatus === 503) return EXIT_CODES.unreachable;
  return httpStatus < 500 ? EXIT_CODES.refused : EXIT_CODES.failed;
}
