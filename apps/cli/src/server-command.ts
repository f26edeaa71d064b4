import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { constants } from "node:os";
import { fileURLToPath } from "node:url";
import { Command } from "@commander-js/extra-typings";
import { MusterError } from "@muster/core";
import type { Terminal } from "./terminal/terminal.ts";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Runs the server's own program: flags, output, signals and exit code are its own. */
export function serverProgramCommand(terminal: Terminal) {
  return new Command("server")
    .description("run the server; `muster server --help` lists its settings")
    .helpOption(false)
    .allowUnknownOption()
    .passThroughOptions()
    .argument("[arguments...]", "passed on to the server")
    .action(async (args) => {
      terminal.exit.code = await runProgram(serverProgram(), args);
    });
}

/** Beside this program where both are bundled, otherwise its source. */
function serverProgram(): string {
  const places = ["./muster-server.mjs", "../../server/src/main.ts"].map((place) =>
    fileURLToPath(new URL(place, import.meta.url)),
  );
  const found = places.find((place) => existsSync(place));
  if (found === undefined)
    throw new MusterError("FILE_NOT_READABLE", { problem: "the server is not installed", places });
  return found;
}

async function runProgram(program: string, args: readonly string[]): Promise<number> {
  const child = spawn(process.execPath, [program, ...args], { stdio: "inherit" });
  const forward = (signal: NodeJS.Signals) => void child.kill(signal);
  for (const signal of SIGNALS) process.on(signal, forward);
  try {
    const [code, signal] = (await once(child, "exit")) as [number | null, NodeJS.Signals | null];
    return code ?? 128 + constants.signals[signal ?? "SIGKILL"];
  } finally {
    for (const signal of SIGNALS) process.off(signal, forward);
  }
}
