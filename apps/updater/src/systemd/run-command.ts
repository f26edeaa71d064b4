import { childProcesses } from "../host/child-processes.ts";
import type { RunCommand } from "./systemd-control.ts";

const TIMEOUT_MS = 20_000;
const OUTPUT_MAX_BYTES = 8 * 1024 * 1024;

/** Runs a command of the system, with a path of its own and nothing else of this process's environment. */
export const runSystemCommand: RunCommand = (file, args) => {
  const { status, stdout, stderr, error } = childProcesses().spawnSync(file, args, {
    encoding: "utf8",
    env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LANG: "C.UTF-8" },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: TIMEOUT_MS,
    maxBuffer: OUTPUT_MAX_BYTES,
  });
  return { exitCode: status, stdout: stdout ?? "", stderr: error?.message ?? stderr ?? "" };
};
