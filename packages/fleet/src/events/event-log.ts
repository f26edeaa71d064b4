import { EVENT_CATEGORIES, EVENT_SEVERITIES } from "@muster/protocol/http";
import { type ExpressionBuilder, type SelectQueryBuilder, sql } from "kysely";
import type { Database } from "../store/database.ts";
import { readPage } from "../store/page.ts";
import type { EventRow, Tables } from "../store/schema.ts";
import type { EventFilter, EventLog, EventRecord, EventSeverity } from "./ports.ts";

export function createEventLog(db: Database): EventLog {
  return {
    list: async (query) => {
      const { items, nextCursor } = await readPage(
        narrow(db.selectFrom("events"), query).selectAll(),
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
      const { total } = await narrow(db.selectFrom("events"), query)
        .select(db.fn.countAll<number>().as("total"))
        .executeTakeFirstOrThrow();
      return { items: items.map(toEventRecord), nextCursor, total };
    },
    after: async (sequence, filter, limit) => {
      const newest = await readNewest(db);
      const oldest = await readOldest(db);
      const rows = await narrow(db.selectFrom("events"), filter)
        .selectAll()
        .where("sequence", ">", sequence)
        .where("sequence", "<=", newest)
        .orderBy("sequence")
        .limit(limit)
        .execute();
      const last = rows.at(-1)?.sequence ?? newest;
      return {
        events: rows.map(toEventRecord),
        through: rows.length < limit ? newest : last,
        isGap: (oldest ?? newest + 1) > sequence + 1,
      };
    },
    newest: () => readNewest(db),
    prune: (limits) => prune(db, limits),
  };
}

async function readNewest(db: Database): Promise<number> {
  const { sequence } = await db
    .selectFrom("event_head")
    .select("sequence")
    .where("id", "=", 1)
    .executeTakeFirstOrThrow();
  return sequence;
}

async function readOldest(db: Database): Promise<number | null> {
  const row = await db
    .selectFrom("events")
    .select("sequence")
    .orderBy("sequence")
    .limit(1)
    .executeTakeFirst();
  return row?.sequence ?? null;
}

async function prune(
  db: Database,
  { olderThan, keepMax }: { readonly olderThan: number; readonly keepMax: number },
): Promise<number> {
  const newest = await readNewest(db);
  const old = await db
    .selectFrom("events")
    .select("sequence")
    .where("at", "<", olderThan)
    .orderBy("at", "desc")
    .orderBy("sequence", "desc")
    .limit(1)
    .executeTakeFirst();
  const through = Math.max(old?.sequence ?? 0, newest - keepMax);
  const { numDeletedRows } = await db
    .deleteFrom("events")
    .where("sequence", "<=", through)
    .executeTakeFirst();
  return Number(numDeletedRows);
}

type OnEvents = ExpressionBuilder<Tables, "events">;

function narrow<Row>(
  query: SelectQueryBuilder<Tables, "events", Row>,
  filter: EventFilter,
): SelectQueryBuilder<Tables, "events", Row> {
  const { types, category, severity, agentId, rolloutId, since, until } = filter;
  let narrowed = query;
  if (types !== undefined) narrowed = narrowed.where((eb) => eb.or(types.map((type) => isType(eb, type))));
  if (category !== undefined) narrowed = narrowed.where("category", "=", category);
  if (severity !== undefined) narrowed = narrowed.where("severity", "in", severitiesFrom(severity));
  if (agentId !== undefined) narrowed = narrowed.where("agent_id", "=", agentId);
  if (rolloutId !== undefined) narrowed = narrowed.where("rollout_id", "=", rolloutId);
  if (since !== undefined) narrowed = narrowed.where("at", ">=", since);
  if (until !== undefined) narrowed = narrowed.where("at", "<", until);
  return narrowed;
}

function isType(eb: OnEvents, type: string) {
  if (!type.endsWith("*")) return eb("type", "=", type);
  const beginning = type.slice(0, -1);
  return eb.and([eb("type", ">=", beginning), eb("type", "<", `${beginning}\u{10ffff}`)]);
}

function severitiesFrom(least: EventSeverity): readonly EventSeverity[] {
  return EVENT_SEVERITIES.slice(EVENT_SEVERITIES.indexOf(least));
}

function toEventRecord(row: EventRow): EventRecord {
  return {
    sequence: row.sequence,
    id: row.id,
    at: row.at,
    type: row.type,
    category: EVENT_CATEGORIES.find((category) => category === row.category) ?? "upgrade",
    severity: EVENT_SEVERITIES.find((severity) => severity === row.severity) ?? "info",
    code: row.code,
    message: row.message,
    agentId: row.agent_id,
    rolloutId: row.rollout_id,
    targetId: row.target_id,
    wave: row.wave,
    product: row.product,
    version: row.version,
    data: JSON.parse(row.data_json) as EventRecord["data"],
  };
}
