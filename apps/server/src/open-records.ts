import {
  type Audit,
  type AuditLog,
  type Clock,
  createAudit,
  createAuditLog,
  createEventJournal,
  createEventLog,
  type Database,
  type EventJournal,
  type EventLog,
  type Random,
} from "@muster/fleet";

/** Who did what, and what happened: what writes it down, and what reads it. */
export interface Records {
  readonly audit: Audit;
  readonly auditLog: AuditLog;
  readonly events: EventJournal;
  readonly eventLog: EventLog;
}

/** CloudEvents' `source`: where the server is. */
export function eventSource(publicUrl: URL | null): string {
  return publicUrl?.origin ?? "/muster";
}

export function openRecords({
  db,
  clock,
  random,
}: {
  readonly db: Database;
  readonly clock: Clock;
  readonly random: Random;
}): Records {
  const audit = createAudit({ db, clock });
  return {
    audit,
    auditLog: createAuditLog({ db, audit, now: () => clock.now() }),
    events: createEventJournal({ clock, random }),
    eventLog: createEventLog(db),
  };
}
