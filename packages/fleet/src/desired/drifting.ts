import { setImmediate } from "node:timers/promises";
import type { DesiredRelease, DesiredState, DriftingAgent, PreviewAgent } from "@muster/core";
import { type SqlBool, sql } from "kysely";
import type { GroupList, Memberships } from "../groups/memberships.ts";
import { CANDIDATE_COLUMNS, createReader } from "../rollout/candidates.ts";
import type { Database } from "../store/database.ts";

const AGENTS_PER_PAGE = 5000;

/** The group that says what an agent runs: the first of its groups that says something of its product. */
export type Followed = (list: GroupList) => string | null;

/** Worked out once for each list of groups. */
export function createFollowed(states: readonly DesiredState[]): Followed {
  const keys = new Set(states.map(keyOf));
  const known = new Map<GroupList, string | null>();
  return (list) => {
    const before = known.get(list);
    if (before !== undefined) return before;
    const { product, groupIds } = list;
    const followed = groupIds.find((groupId) => keys.has(keyOf({ groupId, product }))) ?? null;
    known.set(list, followed);
    return followed;
  };
}

export function keyOf({ groupId, product }: { readonly groupId: string; readonly product: string }): string {
  return `${groupId} ${product}`;
}

/** Agents that follow a group for a product and run another version than the release's, by id. */
export async function readDrifting(
  db: Database,
  { memberships, followed }: { readonly memberships: Memberships; readonly followed: Followed },
  { state, release }: { readonly state: DesiredState; readonly release: DesiredRelease },
): Promise<DriftingAgent[]> {
  const read = createReader();
  const drifting: PreviewAgent[] = [];
  const others = db
    .selectFrom("agents")
    .select(CANDIDATE_COLUMNS)
    .where("product", "=", state.product)
    .where("revoked_at", "is", null)
    .where("version", "is distinct from", release.version);
  for (let after = ""; ; ) {
    const rows = await others.where("id", ">", after).orderBy("id").limit(AGENTS_PER_PAGE).execute();
    for (const row of rows) {
      const list = memberships.listOf(row.id);
      if (list && followed(list) === state.groupId) drifting.push(read(row));
    }
    const last = rows.at(-1);
    if (!last || rows.length < AGENTS_PER_PAGE) break;
    after = last.id;
    await setImmediate();
  }
  return withPast(db, drifting, { version: release.version, since: state.clearedAt });
}

/** What each agent has done with a version since a moment. */
export async function withPast(
  db: Database,
  agents: readonly PreviewAgent[],
  { version, since }: { readonly version: string; readonly since: number },
): Promise<DriftingAgent[]> {
  const targets = db.selectFrom("targets").select("agent_id").where("since", ">", since);
  const failed = await targets
    .where("to_version", "=", version)
    // Said in the query itself, so that it meets the index that holds nothing else.
    .where(sql<SqlBool>`state in ('failed', 'rolled_back')`)
    .execute();
  // Somebody, or a rollout's policy, has brought them elsewhere from there.
  const left = await targets
    .where("from_version", "=", version)
    .where(sql<SqlBool>`state = 'healthy'`)
    .execute();
  const past = new Map<string, DriftingAgent["past"]>();
  for (const { agent_id } of left) past.set(agent_id, "taken_back");
  for (const { agent_id } of failed) past.set(agent_id, "failed");
  return agents.map((agent) => ({ ...agent, past: past.get(agent.id) ?? "none" }));
}
