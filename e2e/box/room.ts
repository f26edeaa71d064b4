import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { type CommandLine, run, runOk, type Result, type RunOptions } from "./run.ts";

/** It reads until the test process is gone, however that ended; the kernel then ends and unmounts all that is in it. */
const TENANT = `
set -eu
ip link set lo up
mount -t tmpfs tmpfs /run
echo ready
exec cat >/dev/null
`;

/**
 * Namespaces of mounts, processes and network that nothing else is in. They and all that was started in them are gone
 * when it is closed, and also when the process that opened it is killed.
 */
export class Room {
  /** Of its first process, as this machine sees it. */
  readonly pid: number;
  readonly #holder: ChildProcessByStdio<Writable, Readable, null>;

  private constructor(holder: ChildProcessByStdio<Writable, Readable, null>, pid: number) {
    this.#holder = holder;
    this.pid = pid;
  }

  static async open(): Promise<Room> {
    const spaces = ["--mount", "--propagation", "private", "--net", "--pid", "--fork", "--mount-proc"];
    const holder = spawn("unshare", [...spaces, "--kill-child=KILL", "sh", "-c", TENANT], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    holder.stdin.on("error", () => {});
    for await (const line of createInterface({ input: holder.stdout })) {
      if (line === "ready") return new Room(holder, await onlyChild(holder.pid ?? -1));
    }
    throw new Error("no namespaces could be made for a box: see above");
  }

  /** The command with which a program is started in this room. */
  within(command: CommandLine): CommandLine {
    return ["nsenter", "--target", `${this.pid}`, "--mount", "--pid", "--net", "--", ...command];
  }

  run(command: CommandLine, options: RunOptions = {}): Promise<Result> {
    return run(this.within(command), options);
  }

  runOk(command: CommandLine, options: RunOptions = {}): Promise<string> {
    return runOk(this.within(command), options);
  }

  async close(): Promise<void> {
    if (this.#holder.exitCode !== null || this.#holder.signalCode !== null) return;
    const gone = once(this.#holder, "close");
    this.#holder.stdin.end();
    await gone;
  }
}

/** The processes that a process has started, and that have not ended. */
export async function childrenOf(pid: number): Promise<readonly number[]> {
  const list = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8").catch(() => "");
  return list.split(" ").filter(Boolean).map(Number);
}

async function onlyChild(pid: number): Promise<number> {
  const [child] = await childrenOf(pid);
  if (child === undefined) throw new Error("the first process of a room is gone");
  return child;
}
