import { MusterError, TARGET_STAGES } from "@muster/core";
import type { AgentView } from "@muster/protocol/http";
import { type Expression, type Selectable, sql } from "kysely";
import type { Page } from "../ports.ts";
import { chunksOf } from "../store/bulk.ts";
import type { Database } from "../store/database.ts";
import { type PageOrder, readPage } from "../store/page.ts";
import type { AgentRow } from "../store/schema.ts";
import type { Hearing } from "../rollout/target-groups.ts";
import { agentConditions } from "./agent-filter.ts";
import { type TargetOfAgent, toAgentView } from "./mapping.ts";
import type { AgentQuery } from "./ports.ts";

type Agent = Selectable<AgentRow>;
type SortName = "hostname" | "version" | "lastSeenAt";

/** States of a target that is under way or waiting. */
const UNENDED = ["pending", ...TARGET_STAGES];

interface Sort {
  readonly type: "string" | "number";
  readonly expression: Expression<unknown>;
  readonly of: (row: Agent) => string | number;
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
  hearing: Hearing,
): Promise<Page<AgentView>> {
  const agents = db.selectFrom("agents").where((eb) => agentConditions(eb, query, hearing));
  const page = await readPage(agents.selectAll("agents"), query, orderOf(query.sort ?? "hostname"));
  const { total } = await agents
    .select((eb) => eb.fn.countAll<number>().as("total"))
    .executeTakeFirstOrThrow();
  return { items: await withTargets(db, page.items), nextCursor: page.nextCursor, total };
}

/** Throws `AGENT_NOT_FOUND`. */
export async function readAgent(db: Database, id: string): Promise<AgentView> {
  const row = await db.selectFrom("agents").selectAll().where("id", "=", id).executeTakeFirst();
  const [view] = row ? await withTargets(db, [row]) : [];
  if (!view) throw new MusterError("AGENT_NOT_FOUND", { agent: id });
  return view;
}

function orderOf(sort: NonNullable<AgentQuery["sort"]>): PageOrder<Agent> {
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

async function withTargets(db: Database, rows: readonly Agent[]): Promise<AgentView[]> {
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
      .where("state", "in", UNENDED)
      .execute();
    for (const target of found) targets.set(target.agent_id, target);
  }
  return rows.map((row) => toAgentView(row, targets.get(row.id) ?? null));
}
