import { setTimeout as sleep } from "node:timers/promises";
import {
  compareVersions,
  decideRecovery,
  isVersion,
  MusterError,
  recordRecovery,
  type KeptVersions,
} from "@muster/core";
import { pointLink } from "../fs/durable.ts";
import { namesIn } from "../fs/reading.ts";
import { loadJournal, writeJournal } from "../journal/journal-store.ts";
import { takeLock } from "../lock/folder-lock.ts";
import { withJournalLock } from "../lock/journal-lock.ts";
import type { Host } from "../ports.ts";
import { inspectTree } from "../versions/inspect-tree.ts";
import { keptManifest } from "../versions/kept-manifest.ts";
import { linkedVersion, linkTo } from "../versions/links.ts";

/** How long a service rests that ends again and again with nowhere to go back to. */
const REST_MS = 60_000;

export interface CrashLoopOptions {
  readonly restMs?: number;
}

/**
 * Brings a host whose service is not started any more to where starting it is worth another try: to the version before,
 * remembering the one that is left as bad, or, without one, to the same a minute later. The configuration stays: it is
 * not that version's switch that is undone. Throws `UPDATE_IN_PROGRESS`, `HOST_FILE_FAILED`, `DISK_SHORT`.
 */
export async function recoverFromCrashLoop(
  host: Host,
  { restMs = REST_MS }: CrashLoopOptions = {},
): Promise<void> {
  const attempt = takeLock(host, host.layout.lock);
  if (attempt.kind === "busy") throw new MusterError("UPDATE_IN_PROGRESS", { pid: attempt.holder.pid });
  try {
    const moved = await withJournalLock(host, () => goBack(host));
    if (moved) return;
  } finally {
    attempt.lock.release();
  }
  host.say(`it is started again in ${Math.round(restMs / 1000)} seconds`);
  await sleep(restMs);
}

/** Everything that is kept here, read back whole. */
function keptVersions(host: Host): KeptVersions {
  const { layout } = host;
  const [current, lastGood] = [linkedVersion(layout.current), linkedVersion(layout.lastGood)];
  const others = namesIn(layout.versions)
    .filter((version) => isVersion(version) && version !== current)
    .toSorted((a, b) => Number(b === lastGood) - Number(a === lastGood) || compareVersions(b, a));
  return {
    current: current === null ? null : inspectTree(host, current),
    others: others.map((version) => inspectTree(host, version)),
  };
}

function goBack(host: Host): boolean {
  const journal = loadJournal(host);
  const action = decideRecovery(journal, keptVersions(host));
  if (action.kind === "stay") {
    host.say(`the service ends again and again; ${action.problem}`);
    return false;
  }
  const { from, to } = action;
  const manifestDigest = keptManifest(host, from)?.digest;
  if (manifestDigest !== undefined) {
    const at = host.clock.now().wallMs;
    // Why comes first: the move can be made again by the next recovery, the reason could not be told any more.
    writeJournal(host, recordRecovery(journal, { fromVersion: from, toVersion: to, manifestDigest, at }));
  }
  pointLink(host.fs, host.layout.current, linkTo(to));
  host.say(`the service ends again and again: going back from ${from} to ${to}`);
  return true;
}
