import { setImmediate } from "node:timers/promises";
import {
  type Cohort,
  type LocalPolicy,
  parseFilter,
  parseLabelExpression,
  type PreviewAgent,
  type RolloutSpec,
} from "@muster/core";
import type { Expression, SqlBool } from "kysely";
import { filterSql } from "../agents/agent-filter.ts";
import { conditionSql, type FilterContext, type OnAgents } from "../agents/condition-sql.ts";
import { readPolicy } from "../agents/mapping.ts";
import { chunksOf } from "../store/bulk.ts";
import type { Database } from "../store/database.ts";
import type { AgentRow } from "../store/schema.ts";

const AGENTS_PER_PAGE = 5000;
export const CANDIDATE_COLUMNS = [
  "id",
  "product",
  "version",
  "os",
  "arch",
  "capabilities_json",
  "policy_json",
  "connected_at",
  "revoked_at",
] as const;

/**
 * The agents of a cohort and nobody else, without their labels, by id. Throws `FILTER_INVALID`,
 * `GROUP_NOT_FOUND`, `ROLLOUT_COHORT_INVALID`.
 */
export async function readCandidates(
  db: Database,
  { product, cohort }: Pick<RolloutSpec, "product" | "cohort">,
  context: FilterContext,
): Promise<PreviewAgent[]> {
  const read = createReader();
  const candidates: PreviewAgent[] = [];
  if (cohort.kind === "agents") {
    for (const ids of chunksOf(cohort.ids)) {
      const rows = await db.selectFrom("agents").select(CANDIDATE_COLUMNS).where("id", "in", ids).execute();
      candidates.push(...rows.map(read));
    }
    return candidates;
  }
  const agents = db.selectFrom("agents").select(CANDIDATE_COLUMNS);
  const wanted = agents.where((eb) => cohortSql(eb, { product, cohort }, context));
  // In pages, so that other work gets its turn between them.
  for (let after = ""; ; ) {
    const rows = await wanted.where("id", ">", after).orderBy("id").limit(AGENTS_PER_PAGE).execute();
    for (const row of rows) candidates.push(read(row));
    const last = rows.at(-1);
    if (!last || rows.length < AGENTS_PER_PAGE) return candidates;
    after = last.id;
    await setImmediate();
  }
}

function cohortSql(
  eb: OnAgents,
  { product, cohort }: { readonly product: string; readonly cohort: Exclude<Cohort, { kind: "agents" }> },
  context: FilterContext,
): Expression<SqlBool> {
  switch (cohort.kind) {
    case "all":
      return eb("product", "=", product);
    case "labels":
      return filterSql(eb, parseLabelExpression(cohort.expression), context);
    case "filter":
      return filterSql(eb, parseFilter(cohort.filter), context);
    case "group":
      return eb.and([
        eb("product", "=", product),
        conditionSql(eb, { kind: "group", group: cohort.id }, context),
      ]);
  }
}

const NO_LABELS: Readonly<Record<string, string>> = {};

type Columns = Pick<AgentRow, (typeof CANDIDATE_COLUMNS)[number]>;

/** Agents of one fleet share policies and capabilities, so each different text is read once. */
export function createReader(): (row: Columns) => PreviewAgent {
  const policies = new Map<string, LocalPolicy>();
  const lists = new Map<string, readonly string[]>();
  return (row) => ({
    id: row.id,
    product: row.product,
    version: row.version,
    os: row.os,
    arch: row.arch,
    // The database has looked at them already.
    labels: NO_LABELS,
    capabilities: once(lists, row.capabilities_json, (json) => JSON.parse(json) as string[]),
    policy: once(policies, row.policy_json, readPolicy),
    online: row.connected_at !== null,
    revoked: row.revoked_at !== null,
  });
}

function once<Value>(known: Map<string, Value>, json: string, read: (json: string) => Value): Value {
  const value = known.get(json) ?? read(json);
  known.set(json, value);
  return value;
}
