import type { ErrorCode } from "@muster/core";

/** What the program's exit codes mean to scripts. Part of its interface: a number is never reused. */
export const EXIT = {
  /** Done, or nothing to do. */
  done: 0,
  /** Something failed that should not; the message has the error code. */
  unexpected: 1,
  /** Wrong arguments. */
  usage: 2,
  /** The update ended before anything was switched. */
  failed: 3,
  /** The new version was taken back. */
  rolledBack: 4,
  /** Another updater, or another supervisor, is at work on this state folder. */
  inProgress: 5,
  /** There is no version that can be started. */
  noVersion: 6,
  /** What was handed over cannot be read, and names no target. */
  refused: 7,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

const OF_CODE: { readonly [Code in ErrorCode]?: ExitCode } = {
  UPDATE_IN_PROGRESS: EXIT.inProgress,
  HOST_NO_VERSION: EXIT.noVersion,
  USAGE_INVALID: EXIT.usage,
};

/** The exit code for an error that ended the program. */
export function exitCodeFor(code: ErrorCode): ExitCode {
  return OF_CODE[code] ?? EXIT.unexpected;
}
