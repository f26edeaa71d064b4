import { forgetVersion, MusterError, type Version } from "@muster/core";
import { loadJournal, writeJournal } from "../journal/journal-store.ts";
import { takeLock } from "../lock/folder-lock.ts";
import { withJournalLock } from "../lock/journal-lock.ts";
import type { Host } from "../ports.ts";

/** Lets a version be tried again on this host; false if it was not remembered as bad. Throws `UPDATE_IN_PROGRESS`. */
export async function forget(host: Host, version: Version): Promise<boolean> {
  const attempt = takeLock(host, host.layout.lock);
  if (attempt.kind === "busy") throw new MusterError("UPDATE_IN_PROGRESS", { pid: attempt.holder.pid });
  try {
    return await withJournalLock(host, () => {
      const journal = loadJournal(host);
      const forgotten = forgetVersion(journal, version);
      if (forgotten !== journal) writeJournal(host, forgotten);
      return forgotten !== journal;
    });
  } finally {
    attempt.lock.release();
  }
}
