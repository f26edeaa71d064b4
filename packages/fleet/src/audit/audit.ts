import type { Clock } from "../ports.ts";
import { insertAll } from "../store/bulk.ts";
import type { Database } from "../store/database.ts";
import { createGroupCommit } from "../store/group-commit.ts";
import { toAuditRow } from "./audit-rows.ts";
import { nextRecord } from "./chain.ts";
import { tidyEntry } from "./entry.ts";
import type { Audit, AuditActor, AuditEntry, AuditHead, AuditPlace, AuditTrail } from "./ports.ts";

/** What Muster itself does: halts at a threshold, the rollouts of a group that follows a channel. */
export const SYSTEM_ACTOR: AuditActor = { kind: "system", name: "muster", id: null };

export interface AuditPorts {
  readonly db: Database;
  readonly clock: Clock;
}

export function createAudit({ db, clock }: AuditPorts): Audit {
  const recordIn = (trx: Database, entries: readonly AuditEntry[]) => append(trx, entries, clock.now());
  const write = createGroupCommit<AuditEntry, null>(async (entries) => {
    await db.transaction().execute((trx) => recordIn(trx, entries));
    return entries.map(() => null);
  });
  return {
    record: async (entry) => void (await write(entry)),
    recordIn,
  };
}

/** The trail of one caller. */
export function auditTrail(
  audit: Audit,
  who: { readonly actor: AuditActor; readonly from: AuditPlace | null },
): AuditTrail {
  return {
    record: (deed) => audit.record({ ...deed, ...who }),
    recordIn: (trx, ...deeds) =>
      audit.recordIn(
        trx,
        deeds.map((deed) => ({ ...deed, ...who })),
      ),
  };
}

async function append(trx: Database, entries: readonly AuditEntry[], now: number): Promise<void> {
  if (entries.length === 0) return;
  let head = await takeHead(trx, entries.length);
  const records = entries.map((entry) => {
    const record = nextRecord(head, tidyEntry(entry), now);
    head = record;
    return record;
  });
  await insertAll(trx, "audit_log", records.map(toAuditRow));
  await trx.updateTable("audit_head").set({ hash: head.hash }).where("id", "=", 1).execute();
}

/** The head as it is; whoever else wants to write waits for this transaction, since the row is changed. */
async function takeHead(trx: Database, count: number): Promise<AuditHead> {
  const { sequence, hash } = await trx
    .updateTable("audit_head")
    .set((eb) => ({ sequence: eb("sequence", "+", count) }))
    .where("id", "=", 1)
    .returning(["sequence", "hash"])
    .executeTakeFirstOrThrow();
  return { sequence: sequence - count, hash };
}
