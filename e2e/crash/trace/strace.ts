import { readFile } from "node:fs/promises";
import { start, type CommandLine, type Running } from "../host/process.ts";
import { MUTATING, type CutPoint } from "./system-calls.ts";

/** What is done to a program's system calls. */
export interface Injection {
  /** The program is killed by SIGKILL just before this call. */
  readonly cut?: CutPoint;
  /** Calls of these names do nothing and report success: a program that has forgotten them. */
  readonly omitted?: readonly string[];
}

/**
 * Runs a program with its main thread under strace, which writes down every call that could change a file system. Only
 * that thread: it makes all of them, and the count of its calls is the same at every run.
 */
export function traced(command: CommandLine, log: string, { cut, omitted = [] }: Injection = {}): Running {
  // A call must be in the list of what is traced to be injected into; `?` passes over names that are not known here.
  const calls = MUTATING.map((name) => `?${name}`).join(",");
  const injections = [
    ...omitted.map((name) => `inject=${name}:retval=0`),
    ...(cut === undefined ? [] : [`inject=${cut.call}:signal=SIGKILL:when=${cut.occurrence}`]),
  ].flatMap((injection) => ["-e", injection]);
  return start([
    "strace",
    "-qq",
    "-y",
    "-s",
    "0",
    "-o",
    log,
    "-e",
    `trace=${calls}`,
    ...injections,
    ...command,
  ]);
}

/** The call before which a traced program was killed, or null if it has ended otherwise. */
export async function lastCall(log: string): Promise<string | null> {
  const [call = "", end = ""] = (await readFile(log, "utf8")).trimEnd().split("\n").slice(-2);
  const match = /^(\w+\(.*\))\s+= \?$/.exec(call);
  return end.startsWith("+++ killed by SIGKILL") ? (match?.[1] ?? null) : null;
}

/** Runs a program that is killed by SIGKILL just before it renames `path`. */
export function killedAtRename(command: CommandLine, path: string): Running {
  const renames = "?rename,?renameat,?renameat2";
  const injection = `inject=${renames}:signal=SIGKILL:when=1`;
  return start([
    "strace",
    "-qq",
    "-o",
    "/dev/null",
    "-P",
    path,
    "-e",
    `trace=${renames}`,
    "-e",
    injection,
    ...command,
  ]);
}
