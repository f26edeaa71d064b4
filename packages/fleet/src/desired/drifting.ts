import { setImmediate } from "node:timers/promises";
import type { DesiredRelease, DesiredState, DriftingAgent, PreviewAgent } from "@muster/core";
import type { GroupList, Memberships } from "../groups/memberships.ts";
import { CANDIDATE_COLUMNS, createReader } from "../rollout/candidates.ts";
import { chunksOf } from "../store/bulk.ts";
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
  const past = new Map<string, DriftingAgent["past"]>();
  for (const chunk of chunksOf(agents)) {
    const rows = await db
      .selectFrom("targets")
      .select(["agent_id", "to_version"])
      .where(
        "agent_id",
        "in",
        chunk.map(({ id }) => id),
      )
      .where("since", ">", since)
      .where((eb) =>
        eb.or([
          eb.and([eb("to_version", "=", version), eb("state", "in", ["failed", "rolled_back"])]),
          // Somebody, or its rollout's policy, has brought it elsewhere from there.
          eb.and([eb("from_version", "=", version), eb("state", "=", "healthy")]),
        ]),
      )
      .execute();
    for (const row of rows) {
      if (past.get(row.agent_id) === "failed") continue;
      past.set(row.agent_id, row.to_version === version ? "failed" : "taken_back");
    }
  }
  return agents.map((agent) => ({ ...agent, past: past.get(agent.id) ?? "none" }));
}
