import { MusterError } from "@muster/core";
import type { AgentView } from "@muster/protocol/http";
import { type Expression, type Selectable, sql } from "kysely";
import type { Page } from "../ports.ts";
import { chunksOf } from "../store/bulk.ts";
import type { Database } from "../store/database.ts";
import { type PageOrder, readPage } from "../store/page.ts";
import type { AgentRow } from "../store/schema.ts";
import { agentConditions } from "./agent-filter.ts";
import { type FilterContext, UNENDED_STATES } from "./condition-sql.ts";
import { type AgentSurroundings, type TargetOfAgent, toAgentView } from "./mapping.ts";
import type { AgentQuery } from "./ports.ts";

type Agent = Selectable<AgentRow>;
/** What orders are made of. */
const SORTED_COLUMNS = ["id", "hostname", "version_key", "last_seen_at"] as const;
type Sorted = Pick<Agent, (typeof SORTED_COLUMNS)[number]>;
type SortName = "hostname" | "version" | "lastSeenAt";

/** The groups of an agent, by priority, highest first. */
export type GroupsOf = (agentId: string) => AgentSurroundings["groups"];

/** What a list of agents depends on besides the agents. */
export interface AgentContext extends FilterContext {
  readonly groupsOf: GroupsOf;
}

interface Sort {
  readonly type: "string" | "number";
  readonly expression: Expression<unknown>;
  readonly of: (row: Sorted) => string | number;
}

const SORTS: Readonly<Record<SortName, Sort>> = {
  hostname: { type: "string", expression: sql.ref("agents.hostname"), of: ({ hostname }) => hostname },
  version: {
    type: "string",
    expression: sql.ref("agents.version_key"),
    of: ({ version_key }) => version_key,
  },
  lastSeenAt: {
    type: "number",
    expression: sql`coalesce(agents.last_seen_at, -1)`,
    of: ({ last_seen_at }) => last_seen_at ?? -1,
  },
};

/** One page of the agents that a query asks for. */
export async function readAgents(
  db: Database,
  query: AgentQuery,
  { groupsOf, ...context }: AgentContext,
): Promise<Page<AgentView>> {
  const agents = db.selectFrom("agents").where((eb) => agentConditions(eb, query, context));
  const order = orderOf(query.sort ?? "hostname");
  const found = await agents
    .select("agents.id")
    .limit(FEW + 1)
    .execute();
  if (found.length <= FEW) {
    // Few are found by going over all; once is enough, and the order of an index does not help to find them.
    const ids = found.map(({ id }) => id);
    const few = db.selectFrom("agents").where("agents.id", "in", ids.length === 0 ? [""] : ids);
    const page = await readPage(few.select(SORTED_COLUMNS), query, order);
    const rows = await readWhole(db, page.items);
    return { ...page, items: await toViews(db, rows, groupsOf), total: ids.length };
  }
  const page = await readPage(agents.selectAll("agents"), query, order);
  const { total } = await agents
    .select((eb) => eb.fn.countAll<number>().as("total"))
    .executeTakeFirstOrThrow();
  return { ...page, items: await toViews(db, page.items, groupsOf), total };
}

/** The rest of a page's rows, in its order: sorting whole rows would carry all of each along. */
async function readWhole(db: Database, sorted: readonly Sorted[]): Promise<Agent[]> {
  const rows = new Map<string, Agent>();
  for (const chunk of chunksOf(sorted.map(({ id }) => id))) {
    const found = await db.selectFrom("agents").selectAll().where("id", "in", chunk).execute();
    for (const row of found) rows.set(row.id, row);
  }
  return sorted.flatMap(({ id }) => rows.get(id) ?? []);
}

/** As many agents as are looked up one by one; more come in the order of an index. */
const FEW = 5000;

/** Throws `AGENT_NOT_FOUND`. */
export async function readAgent(db: Database, id: string, groupsOf: GroupsOf): Promise<AgentView> {
  const row = await db.selectFrom("agents").selectAll().where("id", "=", id).executeTakeFirst();
  const [view] = row ? await toViews(db, [row], groupsOf) : [];
  if (!view) throw new MusterError("AGENT_NOT_FOUND", { agent: id });
  return view;
}

function orderOf(sort: NonNullable<AgentQuery["sort"]>): PageOrder<Sorted> {
  const descending = sort.startsWith("-");
  const by = SORTS[(descending ? sort.slice(1) : sort) as SortName];
  return {
    sort: by.expression,
    id: sql.ref("agents.id"),
    type: by.type,
    descending,
    placeOf: (row) => ({ sort: by.of(row), id: row.id }),
  };
}

async function toViews(db: Database, rows: readonly Agent[], groupsOf: GroupsOf): Promise<AgentView[]> {
  const targets = new Map<string, TargetOfAgent>();
  for (const chunk of chunksOf(rows)) {
    const found = await db
      .selectFrom("targets")
      .select(["id", "agent_id", "rollout_id", "to_version", "state", "reason"])
      .where("latest", "=", (eb) => eb.lit(1))
      .where(
        "agent_id",
        "in",
        chunk.map(({ id }) => id),
      )
      .where("state", "in", UNENDED_STATES)
      .execute();
    for (const target of found) targets.set(target.agent_id, target);
  }
  return rows.map((row) =>
    toAgentView(row, { target: targets.get(row.id) ?? null, groups: groupsOf(row.id) }),
  );
}
