import { spawn } from "node:child_process";
import { once } from "node:events";
import { constants } from "node:os";

/**
 * Runs a program in this one's place, as far as that goes: it has the same terminal, gets the signals, and its exit code
 * (128 and the signal's number after a signal, as in a shell) is the answer.
 */
export async function runProgram(
  [file, ...args]: readonly [string, ...string[]],
  { interactive }: { readonly interactive: boolean },
): Promise<number> {
  const child = spawn(file, args, { stdio: "inherit" });
  // Ctrl-C reaches every program of a terminal, and a second one may mean more than the first.
  const handlers = new Map<NodeJS.Signals, () => void>([
    ["SIGINT", () => (interactive ? undefined : child.kill("SIGINT"))],
    ["SIGTERM", () => child.kill("SIGTERM")],
    ["SIGHUP", () => child.kill("SIGHUP")],
  ]);
  for (const [signal, handler] of handlers) process.on(signal, handler);
  try {
    const [code, signal] = (await once(child, "exit")) as [number | null, NodeJS.Signals | null];
    return code ?? 128 + constants.signals[signal ?? "SIGKILL"];
  } finally {
    for (const [signal, handler] of handlers) process.off(signal, handler);
  }
}
