import { setImmediate } from "node:timers/promises";
import type { Database } from "../store/database.ts";
import type { AuditRow } from "../store/schema.ts";
import { isFaithful, toAuditRecord } from "./audit-rows.ts";
import { faultOf } from "./chain.ts";
import type { AuditHead, AuditRecord, AuditVerification } from "./ports.ts";

const ROWS_AT_ONCE = 500;
/** The action of the record that says what a checkpoint stands for. */
export const PRUNE_ACTION = "audit.prune";

/** See `AuditLog.verify`. Reads a batch at a time; what is recorded meanwhile is not looked at. */
export async function verifyChain(db: Database, expected: AuditHead | null): Promise<AuditVerification> {
  const from = await readCheckpoint(db);
  const end = await readHead(db);
  const walk: Walk = { last: from, checked: 0, prunedTo: null, anchor: expected ? "pruned" : "none" };
  const broken = (sequence: number, problem: string): AuditVerification => {
    return { kind: "broken", sequence, problem, checked: walk.checked };
  };
  if (expected?.sequence === from.sequence && !meet(walk, expected, from)) {
    return broken(from.sequence, "what was removed up to here is not what was expected");
  }
  for await (const rows of readRows(db, from.sequence, end.sequence)) {
    for (const row of rows) {
      const fault = follow(walk, row, expected);
      if (fault !== null) return broken(row.sequence, fault);
    }
  }
  if (walk.last.sequence !== end.sequence || walk.last.hash !== end.hash) {
    return broken(walk.last.sequence + 1, `the log ends here, but ${end.sequence} records were made`);
  }
  if (expected && expected.sequence > end.sequence) {
    return broken(end.sequence + 1, `the log ends here, but ${expected.sequence} records were expected`);
  }
  const isExplained = walk.prunedTo?.sequence === from.sequence && walk.prunedTo.hash === from.hash;
  if (from.sequence > 0 && !isExplained) {
    return broken(from.sequence, `no ${PRUNE_ACTION} says that the records up to here were removed`);
  }
  return { kind: "intact", head: end, from, checked: walk.checked, anchor: walk.anchor };
}

interface Walk {
  last: AuditHead;
  checked: number;
  /** What the newest record of a pruning says. */
  prunedTo: AuditHead | null;
  anchor: Extract<AuditVerification, { kind: "intact" }>["anchor"];
}

/** Goes on to the next row; says what is wrong with it. */
function follow(walk: Walk, row: AuditRow, expected: AuditHead | null): string | null {
  const record = toAuditRecord(row);
  const fault = faultOf(walk.last, record);
  if (fault !== null) return fault;
  if (!isFaithful(row, record)) return "it is not written as it was recorded";
  if (expected?.sequence === record.sequence && !meet(walk, expected, record)) {
    return "it is not the record that was expected here";
  }
  if (record.action === PRUNE_ACTION) walk.prunedTo = prunedBy(record);
  walk.last = record;
  walk.checked += 1;
  return null;
}

function meet(walk: Walk, expected: AuditHead, found: AuditHead): boolean {
  walk.anchor = "met";
  return expected.hash === found.hash;
}

function prunedBy({ details }: AuditRecord): AuditHead | null {
  const { throughSequence, throughHash } = details;
  if (typeof throughSequence !== "number" || typeof throughHash !== "string") return null;
  return { sequence: throughSequence, hash: throughHash };
}

export async function readHead(db: Database): Promise<AuditHead> {
  return db
    .selectFrom("audit_head")
    .select(["sequence", "hash"])
    .where("id", "=", 1)
    .executeTakeFirstOrThrow();
}

export async function readCheckpoint(db: Database): Promise<AuditHead> {
  return db
    .selectFrom("audit_checkpoint")
    .select(["sequence", "hash"])
    .where("id", "=", 1)
    .executeTakeFirstOrThrow();
}

async function* readRows(db: Database, after: number, through: number): AsyncGenerator<readonly AuditRow[]> {
  let last = after;
  for (;;) {
    const rows = await db
      .selectFrom("audit_log")
      .selectAll()
      .where("sequence", ">", last)
      .where("sequence", "<=", through)
      .orderBy("sequence")
      .limit(ROWS_AT_ONCE)
      .execute();
    if (rows.length === 0) return;
    yield rows;
    last = rows.at(-1)?.sequence ?? last;
    await setImmediate();
  }
}
