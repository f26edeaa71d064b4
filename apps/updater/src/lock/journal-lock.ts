import { setTimeout as sleep } from "node:timers/promises";
import { MusterError } from "@muster/core";
import type { Host } from "../ports.ts";
import { takeLock, type HeldLock } from "./folder-lock.ts";

/** Longer than an updater may hold the lock while it waits for a payload to end. */
const PATIENCE_MS = 30_000;
const RETRY_MS = 5;

/**
 * Runs `use` while no other process reads, decides and writes: a start of the payload and a waiting updater decide one
 * after the other. `UPDATE_IN_PROGRESS` if another process holds on to it for half a minute.
 */
export async function withJournalLock<T>(host: Host, use: () => T | Promise<T>): Promise<T> {
  const lock = await waitForLock(host);
  try {
    return await use();
  } finally {
    lock.release();
  }
}

async function waitForLock(host: Host): Promise<HeldLock> {
  const since = host.clock.now().monotonicMs;
  for (;;) {
    const attempt = takeLock(host, host.layout.journalLock);
    if (attempt.kind === "taken") return attempt.lock;
    if (host.clock.now().monotonicMs - since > PATIENCE_MS) {
      throw new MusterError("UPDATE_IN_PROGRESS", { pid: attempt.holder.pid });
    }
    await sleep(RETRY_MS);
  }
}
