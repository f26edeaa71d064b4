import { CommanderError } from "@commander-js/extra-typings";
import { asMusterError } from "@muster/core";
import { usage } from "./arguments/usage.ts";
import { EXIT_CODES, exitCodeOf } from "./exit-code.ts";
import { printFailure } from "./failure.ts";
import { createProgram } from "./program.ts";
import type { Terminal } from "./terminal/terminal.ts";

/** Runs one command line and gives the exit code. Everything that can be said has been said. */
export async function runCli(args: readonly string[], terminal: Terminal): Promise<number> {
  const program = createProgram(terminal);
  if (args.length === 0) {
    program.outputHelp();
    return EXIT_CODES.ok;
  }
  try {
    await program.parseAsync([...args], { from: "user" });
    return terminal.exit.code;
  } catch (error) {
    return fail(error, args, terminal);
  }
}

function fail(error: unknown, args: readonly string[], { stderr, signal }: Terminal): number {
  if (error instanceof CommanderError && error.exitCode === 0) return EXIT_CODES.ok;
  if (signal.aborted) return EXIT_CODES.interrupted;
  const failure = error instanceof CommanderError ? usage(usageProblem(error)) : asMusterError(error);
  printFailure(stderr, failure, args.includes("--json"));
  return exitCodeOf(failure.code);
}

function usageProblem({ code, message }: CommanderError): string {
  // A group without a command shows its help, which is no message.
  if (code === "commander.help" || code === "commander.helpDisplayed")
    return "a command is missing; see --help";
  return message.replace(/^error: /, "");
}
