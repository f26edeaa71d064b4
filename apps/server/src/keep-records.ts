import { type AuditLog, type Clock, type Database, type EventLog, pruneDeliveries } from "@muster/fleet";

export interface KeepingPorts {
  readonly db: Database;
  readonly clock: Clock;
  readonly auditLog: Pick<AuditLog, "prune">;
  readonly eventLog: Pick<EventLog, "prune">;
  /** 0: for ever. */
  readonly auditKeepDays: number;
  readonly eventKeepDays: number;
  readonly onError: (error: unknown) => void;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const EVENTS_MAX = 1_000_000;

/** Removes what is older than it is to be kept, now and every hour; returns how to stop. */
export function keepRecords(ports: KeepingPorts): () => Promise<void> {
  const { clock, onError } = ports;
  let callOff: (() => void) | null = null;
  let isStopped = false;
  const round = async () => {
    await prune(ports).catch(onError);
    if (!isStopped) callOff = clock.wakeAt(clock.now() + HOUR_MS, begin);
  };
  const begin = () => {
    current = round();
  };
  let current = round();
  return async () => {
    isStopped = true;
    callOff?.();
    await current;
  };
}

async function prune({ db, clock, auditLog, eventLog, ...keep }: KeepingPorts): Promise<void> {
  const now = clock.now();
  await eventLog.prune({ olderThan: now - keep.eventKeepDays * DAY_MS, keepMax: EVENTS_MAX });
  await pruneDeliveries(db, now);
  if (keep.auditKeepDays > 0) await auditLog.prune(now - keep.auditKeepDays * DAY_MS);
}
