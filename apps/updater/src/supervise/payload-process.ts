import { childProcesses } from "../host/child-processes.ts";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { readStat } from "../lock/process-table.ts";

/** How to run this program with another command. */
export interface Program {
  readonly file: string;
  readonly args: readonly string[];
}

export interface PayloadProcessOptions {
  readonly program: Program;
  readonly root: string;
  readonly onOutput: (bytes: Uint8Array, stream: "stdout" | "stderr") => void;
}

export interface RunningPayload {
  readonly pid: number;
  readonly startTicks: number;
  /** Settles when the process is gone, what it left behind is ended, and its output has been passed on. */
  readonly ended: Promise<void>;
  signal(name: "SIGTERM" | "SIGKILL"): void;
}

/** A process of the payload may leave its output to others; they are not waited for longer than this. */
const DRAIN_MS = 200;

/** Starts the launcher, which becomes the payload; in a process group of its own. Null if it could not be started. */
export function startPayload({ program, root, onOutput }: PayloadProcessOptions): RunningPayload | null {
  const child = childProcesses().spawn(program.file, [...program.args, "launch", "--root", root], {
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  // Without a listener a failed spawn would end the supervisor.
  child.on("error", () => {});
  const { pid } = child;
  const stat = pid === undefined ? null : readStat(pid);
  if (pid === undefined || stat === null) return null;
  child.stdout.on("data", (bytes: Uint8Array) => onOutput(bytes, "stdout"));
  child.stderr.on("data", (bytes: Uint8Array) => onOutput(bytes, "stderr"));
  return {
    pid,
    startTicks: stat.startTicks,
    ended: end(child, pid),
    signal: (name) => send(name === "SIGKILL" ? -pid : pid, name),
  };
}

async function end(child: ChildProcess, pid: number): Promise<void> {
  const closed = once(child, "close");
  await once(child, "exit");
  send(-pid, "SIGKILL");
  await Promise.race([closed, sleep(DRAIN_MS)]);
}

function send(pid: number, name: "SIGTERM" | "SIGKILL"): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    // It is gone already.
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}
