import { errnoOf } from "../fs/node-host-fs.ts";
import { READABLE_FOLDER, READABLE_FILE, removeTree } from "../fs/durable.ts";
import { entryAt, namesIn } from "../fs/reading.ts";
import type { HostFs, ProcessIdentity, ProcessTable } from "../ports.ts";

/** A lock that is held. */
export interface HeldLock {
  /** Idempotent. */
  release(): void;
}

export type LockAttempt =
  | { readonly kind: "taken"; readonly lock: HeldLock }
  | { readonly kind: "busy"; readonly holder: ProcessIdentity };

/**
 * Takes a lock, or says who holds it. The lock is a folder whose one entry is named for the process that holds it. A
 * folder with the entry already in it is renamed into place, which fails while there is one that is not empty; the
 * entry of a process that is gone is removed by its name, which can never hit another's. So there is no moment in which
 * two processes hold it, whoever is killed, and nothing in it can be torn.
 */
export function takeLock(
  { fs, processes }: { readonly fs: HostFs; readonly processes: ProcessTable },
  path: string,
): LockAttempt {
  const self = processes.self();
  const name = entryName(self);
  const prepared = `${path}.${name}`;
  // Left behind by nobody but this very process.
  removeTree(fs, prepared);
  fs.createFolder(prepared, READABLE_FOLDER);
  fs.createFile(`${prepared}/${name}`, READABLE_FILE).close();
  for (;;) {
    if (renamed(fs, prepared, path)) return { kind: "taken", lock: heldLock(fs, path, name) };
    // A repaired file system may have put anything there.
    if (entryAt(path)?.isFile()) unlessGone(() => fs.removeFile(path));
    const holder = liveHolder({ fs, processes }, path);
    if (holder !== null) {
      removeTree(fs, prepared);
      return { kind: "busy", holder };
    }
  }
}

/** Who holds a lock, if anyone does. */
export function lockHolder(processes: ProcessTable, path: string): ProcessIdentity | null {
  const holders = namesIn(path).map(parseName);
  return holders.find((holder) => holder !== null && processes.isAlive(holder)) ?? null;
}

function heldLock(fs: HostFs, path: string, name: string): HeldLock {
  let held = true;
  return {
    release: () => {
      if (!held) return;
      held = false;
      unlessGone(() => fs.removeFile(`${path}/${name}`));
      // Another process may have moved its own folder over the empty one already.
      unlessGone(() => fs.removeFolder(path));
    },
  };
}

function renamed(fs: HostFs, from: string, to: string): boolean {
  try {
    fs.rename(from, to);
    return true;
  } catch (error) {
    if (["ENOTEMPTY", "EEXIST", "ENOTDIR"].includes(errnoOf(error) ?? "")) return false;
    throw error;
  }
}

/** The process whose entry is there and which runs; entries of others are removed. */
function liveHolder(
  { fs, processes }: { readonly fs: HostFs; readonly processes: ProcessTable },
  path: string,
): ProcessIdentity | null {
  for (const name of namesIn(path)) {
    const holder = parseName(name);
    if (holder !== null && processes.isAlive(holder)) return holder;
    unlessGone(() => fs.removeFile(`${path}/${name}`));
  }
  return null;
}

function unlessGone(step: () => void): void {
  try {
    step();
  } catch (error) {
    if (!["ENOENT", "ENOTEMPTY", "EEXIST"].includes(errnoOf(error) ?? "")) throw error;
  }
}

function entryName({ pid, startTicks, bootId }: ProcessIdentity): string {
  return `${pid}.${startTicks}.${bootId}`;
}

function parseName(name: string): ProcessIdentity | null {
  const match = /^(\d{1,10})\.(\d{1,15})\.([A-Za-z0-9-]{1,64})$/.exec(name);
  const [, pid, startTicks, bootId] = match ?? [];
  if (pid === undefined || startTicks === undefined || bootId === undefined) return null;
  return { pid: Number(pid), startTicks: Number(startTicks), bootId };
}

/** Whether a name in the lock's folder is what a process that is gone had prepared and never used. */
export function isAbandonedLock(processes: ProcessTable, name: string): boolean {
  const match = /^[a-z]+\.lock\.(.+)$/.exec(name);
  const owner = match?.[1] === undefined ? null : parseName(match[1]);
  return owner !== null && !processes.isAlive(owner);
}
