#!/usr/bin/env node
import { writeSync } from "node:fs";
import { execArgv, execPath, exit } from "node:process";
import { fileURLToPath } from "node:url";
import { asMusterError } from "@muster/core";
import { runCommand } from "./commands/run-command.ts";
import { exitCodeFor } from "./exit-codes.ts";
import { nodeHost } from "./host/node-host.ts";

const script = fileURLToPath(import.meta.url);
const say = (line: string) => write(2, `${line}\n`);
const print = (text: string) => write(1, text);

try {
  const code = await runCommand(process.argv.slice(2), {
    hostAt: (root, unit) =>
      nodeHost({ root, packageFolder: script.slice(0, script.lastIndexOf("/")), say, unit }),
    program: { file: execPath, args: [...execArgv, script] },
    print,
  });
  exit(code);
} catch (error) {
  const { code, message, help } = asMusterError(error);
  say(`${code}: ${message}\n${help}`);
  exit(exitCodeFor(code));
}

/** Written at once, not queued: a launch that becomes the payload leaves nothing behind that could still be written. */
function write(descriptor: 1 | 2, text: string): void {
  try {
    writeSync(descriptor, text);
  } catch {
    // Nobody reads it, or too slowly. What a host starts does not depend on that.
  }
}
