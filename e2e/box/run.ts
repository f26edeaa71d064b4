import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";

/** How a program ended, and what it printed. */
export interface Result {
  /** Its exit code; -1 if a signal ended it. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  /** What it reads; nothing unless told. */
  readonly input?: string | Uint8Array;
  /** After so long it is ended with SIGKILL, and the code is -1. A minute unless told. */
  readonly timeoutMs?: number;
}

export type CommandLine = readonly [string, ...string[]];

/** Runs a program to its end, whatever that is. Rejects only if there is no such program. */
export async function run([file, ...args]: CommandLine, options: RunOptions = {}): Promise<Result> {
  const child = spawn(file, args, {
    stdio: "pipe",
    timeout: options.timeoutMs ?? 60_000,
    killSignal: "SIGKILL",
  });
  const ended = new Promise<number>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve(code ?? -1));
  });
  // A program may end without having read what it was given.
  child.stdin.on("error", () => {});
  child.stdin.end(options.input ?? "");
  const [code, stdout, stderr] = await Promise.all([ended, text(child.stdout), text(child.stderr)]);
  return { code, stdout, stderr };
}

/** Runs a program that must succeed, and gives what it printed. */
export async function runOk(command: CommandLine, options: RunOptions = {}): Promise<string> {
  const result = await run(command, options);
  if (result.code !== 0) throw new CommandFailed(command, result);
  return result.stdout;
}

/** A command did not end as it should have. */
export class CommandFailed extends Error {
  readonly result: Result;
  constructor(command: CommandLine, result: Result) {
    const { code, stdout, stderr } = result;
    super(`${command.join(" ")} ended with ${code}\n${`${stdout}${stderr}`.trim().slice(-4000)}`);
    this.name = "CommandFailed";
    this.result = result;
  }
}
