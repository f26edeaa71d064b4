import type { LocalPolicy, PreviewAgent, RolloutSpec } from "@muster/core";
import { readPolicy } from "../agents/mapping.ts";
import { chunksOf } from "../store/bulk.ts";
import type { Database } from "../store/database.ts";
import type { AgentRow } from "../store/schema.ts";

const AGENTS_PER_PAGE = 5000;
const COLUMNS = [
  "id",
  "product",
  "version",
  "os",
  "arch",
  "labels_json",
  "capabilities_json",
  "policy_json",
  "connected_at",
  "revoked_at",
] as const;

/** The agents that a cohort can be made of: those it names, or all. */
export async function readCandidates(
  db: Database,
  { cohort }: Pick<RolloutSpec, "cohort">,
): Promise<PreviewAgent[]> {
  const toCandidate = createReader();
  const candidates: PreviewAgent[] = [];
  if (cohort.kind === "agents") {
    for (const ids of chunksOf(cohort.ids)) {
      const rows = await db.selectFrom("agents").select(COLUMNS).where("id", "in", ids).execute();
      candidates.push(...rows.map(toCandidate));
    }
    return candidates;
  }
  // In pages, so that other work gets its turn between them.
  for (let after = ""; ; ) {
    const rows = await db
      .selectFrom("agents")
      .select(COLUMNS)
      .where("id", ">", after)
      .orderBy("id")
      .limit(AGENTS_PER_PAGE)
      .execute();
    for (const row of rows) candidates.push(toCandidate(row));
    const last = rows.at(-1);
    if (!last || rows.length < AGENTS_PER_PAGE) return candidates;
    after = last.id;
  }
}

type Columns = Pick<AgentRow, (typeof COLUMNS)[number]>;

/** Agents of one fleet share policies and capabilities, so each different text is read once. */
function createReader(): (row: Columns) => PreviewAgent {
  const policies = new Map<string, LocalPolicy>();
  const lists = new Map<string, readonly string[]>();
  return (row) => ({
    id: row.id,
    product: row.product,
    version: row.version,
    os: row.os,
    arch: row.arch,
    labels: JSON.parse(row.labels_json) as Record<string, string>,
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
