import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { payloadEnvironment } from "./payload.ts";

/** How a process ended, and what it printed. */
export interface Ended {
  /** Null if a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly output: string;
}

/** A process in a group of its own, so that nothing it starts outlives it. */
export interface Running {
  readonly pid: number;
  readonly ended: Promise<Ended>;
  /** The same; one that takes longer is killed. */
  endedWithin(limitMs: number): Promise<Ended>;
  /** Ends it and its group by SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
}

export type CommandLine = readonly [string, ...string[]];

/** A program could not be started, which says nothing about any host. */
export class NotStarted extends Error {}

export function start([file, ...args]: CommandLine): Running {
  const env = { ...process.env, ...payloadEnvironment() };
  const child = spawn(file, args, { env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
  const ended = endOf(child);
  // Whoever waits for the end learns of a failed start; nobody has to.
  ended.catch(() => {});
  const signal = () => {
    if (child.pid !== undefined) signalGroup(child.pid);
  };
  return {
    pid: child.pid ?? -1,
    ended,
    endedWithin: async (limitMs) => {
      const timer = setTimeout(signal, limitMs);
      try {
        return await ended;
      } finally {
        clearTimeout(timer);
      }
    },
    kill: async () => {
      signal();
      await ended;
    },
  };
}

/** Runs a command to its end; throws unless its exit code is 0. */
export async function succeed(command: CommandLine): Promise<string> {
  const { code, output } = await start(command).ended;
  if (code !== 0) throw new Error(`${command.join(" ")} failed: ${output.trim()}`);
  return output;
}

async function endOf(child: ChildProcess): Promise<Ended> {
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream?.on("data", (piece: Buffer) => (output += piece.toString()));
  try {
    const [code, signal] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
    return { code, signal, output };
  } catch (cause) {
    throw new NotStarted(`${child.spawnfile} could not be started`, { cause });
  }
}

function signalGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}
