import { setImmediate } from "node:timers/promises";
import { sql } from "kysely";
import type { Database } from "../store/database.ts";
import { readPage } from "../store/page.ts";
import { SYSTEM_ACTOR } from "./audit.ts";
import { narrowAudit } from "./audit-query.ts";
import { toAuditRecord } from "./audit-rows.ts";
import type { Audit, AuditFilter, AuditLog, AuditRecord } from "./ports.ts";
import { PRUNE_ACTION, readHead, verifyChain } from "./verify-chain.ts";

const ROWS_AT_ONCE = 500;

export interface AuditLogPorts {
  readonly db: Database;
  readonly audit: Audit;
  readonly now: () => number;
}

export function createAuditLog(ports: AuditLogPorts): AuditLog {
  const { db } = ports;
  return {
    list: async (query) => {
      const { items, nextCursor } = await readPage(
        narrowAudit(db.selectFrom("audit_log"), query).selectAll(),
        query,
        {
          sort: sql.ref("sequence"),
          // A sequence stands alone; a second column would make the database sort what an index has in order.
          id: sql`cast('' as text)`,
          type: "number",
          descending: true,
          placeOf: ({ sequence }) => ({ sort: sequence, id: "" }),
        },
      );
      const { total } = await narrowAudit(db.selectFrom("audit_log"), query)
        .select(db.fn.countAll<number>().as("total"))
        .executeTakeFirstOrThrow();
      return { items: items.map(toAuditRecord), nextCursor, total };
    },
    stream: (filter) => streamRecords(db, filter),
    head: () => readHead(db),
    verify: (expected) => verifyChain(db, expected),
    prune: (olderThan) => prune(ports, olderThan),
  };
}

async function* streamRecords(db: Database, filter: AuditFilter): AsyncGenerator<readonly AuditRecord[]> {
  const { sequence: through } = await readHead(db);
  let last = 0;
  for (;;) {
    const rows = await narrowAudit(db.selectFrom("audit_log"), filter)
      .selectAll()
      .where("sequence", ">", last)
      .where("sequence", "<=", through)
      .orderBy("sequence")
      .limit(ROWS_AT_ONCE)
      .execute();
    if (rows.length === 0) return;
    yield rows.map(toAuditRecord);
    last = rows.at(-1)?.sequence ?? last;
    await setImmediate();
  }
}

/** The checkpoint, the removal and the record of it are one transaction. */
async function prune({ db, audit, now }: AuditLogPorts, olderThan: number): Promise<number> {
  return db.transaction().execute(async (trx) => {
    const kept = await trx
      .selectFrom("audit_log")
      .select("sequence")
      .where("at", ">=", olderThan)
      .orderBy("sequence")
      .limit(1)
      .executeTakeFirst();
    const last = await trx
      .selectFrom("audit_log")
      .select(["sequence", "hash"])
      .$if(kept !== undefined, (some) => some.where("sequence", "<", kept?.sequence ?? 0))
      .orderBy("sequence", "desc")
      .limit(1)
      .executeTakeFirst();
    if (!last) return 0;
    await trx
      .updateTable("audit_checkpoint")
      .set({ ...last, at: now() })
      .where("id", "=", 1)
      .execute();
    const { numDeletedRows } = await trx
      .deleteFrom("audit_log")
      .where("sequence", "<=", last.sequence)
      .executeTakeFirst();
    const records = Number(numDeletedRows);
    const details = { throughSequence: last.sequence, throughHash: last.hash, records };
    await audit.recordIn(trx, [
      { actor: SYSTEM_ACTOR, action: PRUNE_ACTION, resource: null, details, from: null },
    ]);
    return records;
  });
}
