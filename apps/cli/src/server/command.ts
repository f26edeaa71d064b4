import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Command } from "@commander-js/extra-typings";
import { MusterError } from "@muster/core";
import type { Terminal } from "../terminal/terminal.ts";
import { runProgram } from "./run-program.ts";

/** Runs the server's own program: flags, output, signals and exit code are its own. */
export function serverProgramCommand(terminal: Terminal) {
  return new Command("server")
    .description("run the server; `muster server --help` lists its settings")
    .helpOption(false)
    .allowUnknownOption()
    .passThroughOptions()
    .argument("[arguments...]", "passed on to the server")
    .action(async (args) => {
      const interactive = terminal.interactive;
      terminal.exit.code = await runProgram([process.execPath, serverProgram(), ...args], { interactive });
    });
}

/** Beside this program where both are bundled, otherwise its source. */
function serverProgram(): string {
  const places = ["./muster-server.mjs", "../../../server/src/main.ts"].map((place) =>
    fileURLToPath(new URL(place, import.meta.url)),
  );
  const found = places.find((place) => existsSync(place));
  if (found === undefined) {
    throw new MusterError("FILE_NOT_READABLE", { problem: "the server is not installed", places });
  }
  return found;
}
