import { watch, type FSWatcher } from "node:fs";
import { basename } from "node:path";
import { MusterError } from "@muster/core";
import { takeLock } from "../lock/folder-lock.ts";
import type { Host } from "../ports.ts";
import { prepareRoot } from "../root/prepare-root.ts";
import { keepPayload } from "./payload-keeper.ts";
import type { Program } from "./payload-process.ts";
import { openRotatingLog } from "./rotating-log.ts";
import { runUpdater } from "./updater-runner.ts";

/** A watch on a folder can fail silently (network file systems, a limit on watches): look by ourselves now and then. */
const LOOK_EVERY_MS = 2000;
/** Output that our own reader does not take is dropped beyond this; the log has it. */
const FORWARD_MAX_BYTES = 1024 * 1024;

export interface SupervisorOptions {
  readonly host: Host;
  /** How to run this program. */
  readonly program: Program;
  /** Ends the supervisor. */
  readonly stop: AbortSignal;
}

/**
 * Keeps the payload running and runs the updater when there is a handoff, until it is told to stop; then it ends both.
 * Throws `UPDATE_IN_PROGRESS` if another supervisor is at work on the same state folder.
 */
export async function supervise({ host, program, stop }: SupervisorOptions): Promise<void> {
  prepareRoot(host);
  const attempt = takeLock(host, host.layout.supervisorLock);
  if (attempt.kind === "busy")
    throw new MusterError("UPDATE_IN_PROGRESS", {
      problem: "a supervisor runs already",
      supervisor: attempt.holder.pid,
    });
  // A supervisor that was killed has left its payload alone.
  await host.service.stop();
  // Whoever reads our output may go; the payload stays.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
  const log = openRotatingLog(host.layout.payloadLog);
  const keeper = keepPayload({ host, program, log, forward, chance: Math.random });
  const updater = runUpdater({ host, program });
  const nudge = () => {
    updater.nudge();
  };
  const watchers = [
    watchFolder(host.layout.staging, () => updater.nudge()),
    watchFolder(host.layout.root, (name) => {
      if (name === basename(host.layout.current)) keeper.nudge();
    }),
  ];
  const looking = setInterval(nudge, LOOK_EVERY_MS);
  const end = () => {
    updater.stop();
    keeper.stop();
  };
  if (stop.aborted) end();
  else stop.addEventListener("abort", end, { once: true });
  await Promise.all([keeper.done, updater.done]);
  clearInterval(looking);
  for (const watcher of watchers) watcher?.close();
  log.close();
  attempt.lock.release();
}

function watchFolder(folder: string, onChange: (name: string | null) => void): FSWatcher | null {
  try {
    const watcher = watch(folder, (_, name) => onChange(name));
    // The regular look goes on without it.
    watcher.on("error", () => watcher.close());
    return watcher;
  } catch {
    return null;
  }
}

function forward(bytes: Uint8Array, stream: "stdout" | "stderr"): void {
  const out = process[stream];
  if (out.writableLength < FORWARD_MAX_BYTES) out.write(bytes);
}
