import { spawn } from "node:child_process";
import { constants } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository's root folder. */
export const ROOT = fileURLToPath(new URL("../..", import.meta.url));

const SIGNALS = /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"]);

/** The environment in which the workspace's programs, the pinned Node first, are found by name. */
export function projectEnvironment() {
  /** @type {NodeJS.ProcessEnv} */
  const env = { ...process.env };
  env.PATH = [join(ROOT, "node_modules", ".bin"), env.PATH].filter(Boolean).join(delimiter);
  return env;
}

/**
 * Runs a program of the workspace to its end, passes signals on, and returns its exit code (128 + n for signal n).
 *
 * @param {string} command
 * @param {string[]} args
 * @param {{ env: NodeJS.ProcessEnv, folder?: string | undefined }} options
 * @returns {Promise<number>}
 */
export function execute(command, args, { env, folder = "." }) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: join(ROOT, folder), env, stdio: "inherit" });
    for (const signal of SIGNALS) {
      process.on(signal, () => {
        // A terminal sends Ctrl-C to the whole group: the child has it already.
        if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal);
      });
    }
    // npm's shell does not pass a signal on: when it is gone, so is the reason to run.
    const parent = process.ppid;
    const watch = setInterval(() => {
      if (process.ppid === parent) return;
      clearInterval(watch);
      child.kill("SIGTERM");
    }, 500);
    watch.unref();
    child.once("error", reject);
    child.once("close", (code, signal) => {
      resolve(signal ? 128 + constants.signals[signal] : (code ?? 1));
    });
  });
}
