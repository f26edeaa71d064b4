import { fileURLToPath } from "node:url";
import { asMusterError, MusterError } from "@muster/core";
import { helpText } from "./arguments/help.ts";
import { serveBaseline } from "./bench/baseline/serve.ts";
import type { BaselineRequest } from "./bench/baseline/messages.ts";
import { benchCommand } from "./bench/command.ts";
import { runCommand } from "./run/command.ts";
import type { PartRequest } from "./run/part-messages.ts";
import { servePart } from "./run/serve-part.ts";

const PROGRAM = fileURLToPath(import.meta.url);
const PROJECT = fileURLToPath(new URL("../../..", import.meta.url));
const FAILED = 1;
const MISUSED = 2;

type Command = (args: readonly string[]) => Promise<number>;

/** `part` and `baseline` are what the program starts itself with; they end with the process that started them. */
const COMMANDS: Readonly<Record<string, Command>> = {
  run: async (args) => {
    await runCommand(args, { program: PROGRAM, stdout: process.stdout, signal: interruption() });
    return 0;
  },
  bench: async (args) => {
    const { stdout, stderr } = process;
    const context = { program: PROGRAM, project: PROJECT, stdout, stderr, signal: interruption() };
    return (await benchCommand(args, context)) ? 0 : FAILED;
  },
  part: () =>
    untilDisconnected(() => {
      servePart({
        receive: (handle) => void process.on("message", (request) => handle(request as PartRequest)),
        send: (answer) => void process.send?.(answer),
      });
    }),
  baseline: () =>
    untilDisconnected(() => {
      serveBaseline({
        receive: (handle) => void process.on("message", (request) => handle(request as BaselineRequest)),
        send: (answer) => void process.send?.(answer),
      });
    }),
};

function interruption(): AbortSignal {
  const interrupted = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => interrupted.abort());
  return interrupted.signal;
}

/** An interrupt of the terminal reaches every process; the one that started this one decides. */
async function untilDisconnected(serve: () => void): Promise<number> {
  process.on("SIGINT", () => undefined);
  serve();
  await new Promise((resolve) => process.once("disconnect", resolve));
  return 0;
}

async function main([name = "--help", ...args]: readonly string[]): Promise<number> {
  if ([name, ...args].some((text) => text === "--help" || text === "-h")) {
    process.stdout.write(helpText());
    return 0;
  }
  const command = COMMANDS[name];
  if (!command)
    throw new MusterError("USAGE_INVALID", { problem: "there is no such command", command: name });
  return command(args);
}

// A gateway may be given by its address, and gRPC then names that address to TLS, which Node warns of each time.
process.noDeprecation = true;

try {
  // Connections that are still closing need not be waited for.
  process.exit(await main(process.argv.slice(2)));
} catch (error) {
  const { code, message, help } = asMusterError(error);
  console.error(`${code}: ${message}\n${help}`);
  process.exit(code === "USAGE_INVALID" ? MISUSED : FAILED);
}
