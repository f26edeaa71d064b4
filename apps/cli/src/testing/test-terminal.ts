import { runCli } from "../run-cli.ts";
import type { Output, Terminal } from "../terminal/terminal.ts";

export interface TestTerminalOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly isTTY?: boolean;
  /** What the person answers, in turn. */
  readonly answers?: readonly string[];
  readonly input?: string;
  readonly now?: number;
}

/** A terminal in memory. */
export function testTerminal({
  env = {},
  isTTY = false,
  answers = [],
  input = "",
  now = 0,
}: TestTerminalOptions = {}) {
  const written = { stdout: "", stderr: "" };
  const outputOf = (name: "stdout" | "stderr"): Output => ({
    write: (text) => (written[name] += text),
    isTTY,
    colored: false,
    columns: 100,
  });
  const left = [...answers];
  const terminal: Terminal = {
    stdout: outputOf("stdout"),
    stderr: outputOf("stderr"),
    interactive: isTTY,
    ask: async (question) => {
      written.stderr += question;
      return left.shift() ?? "";
    },
    readInput: async () => input,
    env: { HOME: "/nowhere", ...env },
    now: () => now,
    wait: () => Promise.resolve(),
    signal: new AbortController().signal,
    exit: { code: 0 },
  };
  return { terminal, written };
}

/** Runs one command line in this process. */
export async function runMuster(args: readonly string[], options: TestTerminalOptions = {}) {
  const { terminal, written } = testTerminal(options);
  const code = await runCli(args, terminal);
  return { code, ...written };
}
