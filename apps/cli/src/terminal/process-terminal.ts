import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import { text } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import { isatty, type WriteStream } from "node:tty";
import { usage } from "../arguments/usage.ts";
import type { Output, Terminal } from "./terminal.ts";

/** The terminal of this process. The first interrupt asks commands to end, a second one ends the process. */
export function processTerminal(): Terminal {
  const interrupted = new AbortController();
  process.once("SIGINT", () => interrupted.abort());
  process.once("SIGTERM", () => interrupted.abort());
  return {
    stdout: outputOf(process.stdout),
    stderr: outputOf(process.stderr),
    interactive: isatty(process.stdin.fd) && isatty(process.stderr.fd),
    ask: (question, options = {}) => ask(question, options.secret ?? false, interrupted.signal),
    readInput: () => text(process.stdin),
    env: process.env,
    now: () => Date.now(),
    wait: (ms, signal) => delay(ms, undefined, signal && { signal }),
    signal: interrupted.signal,
    exit: { code: 0 },
  };
}

function outputOf(stream: WriteStream & { readonly fd: number }): Output {
  // A reader that has seen enough, such as `head`, is no failure.
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    process.exit(0);
  });
  const isTTY = isatty(stream.fd);
  return {
    write: (part) => void stream.write(part),
    isTTY,
    colored: isTTY && !process.env["NO_COLOR"] && stream.hasColors(),
    get columns() {
      // A terminal that does not know its size says 0.
      return stream.columns || 80;
    },
  };
}

async function ask(question: string, secret: boolean, signal: AbortSignal): Promise<string> {
  process.stderr.write(question);
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({
    input: process.stdin,
    output: secret ? silent : process.stderr,
    terminal: true,
  });
  // While it asks, an interrupt comes as a key.
  lines.once("SIGINT", () => process.kill(process.pid, "SIGINT"));
  try {
    return await lines.question("", { signal });
  } catch (error) {
    signal.throwIfAborted();
    throw usage("The question was not answered.", { question: question.trim() }, error);
  } finally {
    lines.close();
    if (secret) process.stderr.write("\n");
  }
}
