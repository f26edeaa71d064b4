import { childProcesses } from "../host/child-processes.ts";
import type { ChildProcess } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { EXIT } from "../exit-codes.ts";
import { entryAt } from "../fs/reading.ts";
import type { Host } from "../ports.ts";
import type { Program } from "./payload-process.ts";

/** Exits after which the handoff has its answer. */
const ANSWERED: readonly (number | null)[] = [EXIT.done, EXIT.failed, EXIT.rolledBack, EXIT.refused];
const FIRST_DELAY_MS = 1000;
const LONGEST_DELAY_MS = 60_000;

export interface UpdaterRunner {
  /** Settles when no updater runs and none will be started. */
  readonly done: Promise<void>;
  /** There may be a handoff. */
  nudge(): void;
  stop(): void;
}

/**
 * Runs the updater, one at a time: once at the start (an earlier one may have been killed), whenever a handoff appears,
 * and again, later and later, when it ended without an answer.
 */
export function runUpdater({
  host,
  program,
}: {
  readonly host: Host;
  readonly program: Program;
}): UpdaterRunner {
  const { layout, say } = host;
  const stopping = new AbortController();
  let child: ChildProcess | null = null;
  let wake: (() => void) | null = null;
  const runOnce = () =>
    new Promise<number | null>((resolve) => {
      child = childProcesses().spawn(program.file, [...program.args, "apply", "--root", layout.root], {
        stdio: ["ignore", "inherit", "inherit"],
      });
      child.on("error", () => resolve(null));
      child.on("exit", resolve);
    });
  const handedOver = async (before: string | null) => {
    for (;;) {
      const waiting = handoffIdentity(layout.handoff);
      // The one that was there before and still is has its answer; it could not be removed.
      if (stopping.signal.aborted || (waiting !== null && waiting !== before)) return;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  const run = async () => {
    let failures = 0;
    while (!stopping.signal.aborted) {
      const before = handoffIdentity(layout.handoff);
      const code = await runOnce();
      failures = ANSWERED.includes(code) ? 0 : failures + 1;
      if (stopping.signal.aborted) return;
      if (failures === 0) {
        await handedOver(before);
      } else {
        say(`the updater ended with ${code ?? "a signal"}; it is run again`);
        await pause(Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** (failures - 1)), stopping.signal);
      }
    }
  };
  return {
    done: run(),
    nudge: () => wake?.(),
    stop: () => {
      stopping.abort();
      child?.kill("SIGTERM");
      wake?.();
    },
  };
}

/** What tells one handoff from the next; null if there is none. */
function handoffIdentity(path: string): string | null {
  const entry = entryAt(path);
  return entry === null ? null : `${entry.ino} ${entry.mtimeMs} ${entry.size}`;
}

async function pause(delayMs: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(delayMs, undefined, { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
