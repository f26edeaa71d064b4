#!/usr/bin/env node
import { ownVersion } from "./version.ts";

// The preflight asks for the version of an agent that is not installed yet: it gets it and nothing else.
if (process.argv[2] === "--version") {
  console.log(ownVersion());
} else {
  const { runCommand } = await import("./commands/run-command.ts");
  process.exitCode = await runCommand(process.argv.slice(2));
}
