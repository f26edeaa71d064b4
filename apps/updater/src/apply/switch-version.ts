import { newProbation, type UpdateAttempt } from "@muster/core";
import { backUpConfig } from "../config/backup.ts";
import { pointLink } from "../fs/durable.ts";
import { loadJournal, recordEvent } from "../journal/journal-store.ts";
import { withJournalLock } from "../lock/journal-lock.ts";
import type { Host } from "../ports.ts";
import { linkTo } from "../versions/links.ts";

/**
 * Makes a version that stands in `versions/` the one that runs, and ends the old process. The order is what makes it safe
 * to be cut off anywhere: the journal says what is under way, then the way back is made (configuration, `last-good`), and
 * the one step that counts, `current`, comes last.
 */
export async function switchVersion(host: Host, { fromVersion, toVersion }: UpdateAttempt): Promise<void> {
  const { fs, layout, clock } = host;
  await withJournalLock(host, () => {
    recordEvent(host, { kind: "switch_begun" });
    if (fromVersion !== null) {
      backUpConfig(host, fromVersion);
      pointLink(fs, layout.lastGood, linkTo(fromVersion));
    }
    pointLink(fs, layout.current, linkTo(toVersion));
    recordEvent(host, { kind: "switched", probation: newProbation(clock.now()) });
  });
  const endedAt = await host.service.stop();
  if (endedAt === null) return;
  await withJournalLock(host, () => {
    const { state } = loadJournal(host);
    // A start may have decided otherwise meanwhile.
    if (state.kind !== "probation" || state.attempt.toVersion !== toVersion) return;
    recordEvent(host, { kind: "observed", probation: { ...state.probation, switched: endedAt } });
  });
}
