import { sql } from "kysely";
import type { TargetView } from "@muster/protocol/http";
import type { Page, PageQuery } from "../ports.ts";
import { chunksOf } from "../store/bulk.ts";
import type { Database } from "../store/database.ts";
import { readPage } from "../store/page.ts";
import { TARGET_COLUMNS } from "./mapping.ts";
import type { TargetQuery } from "./ports.ts";
import { type Hearing, isInGroup, isSilent } from "./target-groups.ts";
import { type TargetViewRow, toTargetView } from "./views.ts";

/** The standing targets of a rollout, in the order of dispatch. */
export async function readTargets(
  db: Database,
  rolloutId: string,
  { query, hearing }: { readonly query: TargetQuery; readonly hearing: Hearing },
): Promise<Page<TargetView>> {
  const { state, group, wave, offline } = query;
  let targets = joinedTargets(db)
    .where("targets.rollout_id", "=", rolloutId)
    .where("targets.standing", "=", (eb) => eb.lit(1));
  if (state !== undefined) targets = targets.where("targets.state", "=", state);
  if (wave !== undefined) targets = targets.where("targets.wave", "=", wave);
  if (offline === true) {
    targets = targets.where("targets.state", "=", "pending").where("agents.connected_at", "is", null);
  }
  if (group !== undefined) targets = targets.where(isInGroup(group, hearing));
  return pageOf(targets, query, { hearing, descending: false });
}

/** Every target of an agent, newest first. */
export function readTargetsOfAgent(
  db: Database,
  agentId: string,
  { query, hearing }: { readonly query: PageQuery; readonly hearing: Hearing },
): Promise<Page<TargetView>> {
  return pageOf(joinedTargets(db).where("targets.agent_id", "=", agentId), query, {
    hearing,
    descending: true,
  });
}

export async function readTargetsById(
  db: Database,
  rolloutId: string,
  { ids, hearing }: { readonly ids: readonly string[]; readonly hearing: Hearing },
): Promise<TargetView[]> {
  const views: TargetView[] = [];
  for (const chunk of chunksOf(ids)) {
    const targets = joinedTargets(db)
      .where("targets.rollout_id", "=", rolloutId)
      .where("targets.id", "in", chunk)
      .orderBy("targets.id");
    const rows: TargetViewRow[] = await selectView(targets, hearing).execute();
    views.push(...rows.map(toTargetView));
  }
  return views;
}

type Targets = ReturnType<typeof joinedTargets>;

function joinedTargets(db: Database) {
  return db
    .selectFrom("targets")
    .innerJoin("rollouts", "rollouts.id", "targets.rollout_id")
    .innerJoin("agents", "agents.id", "targets.agent_id");
}

function selectView(targets: Targets, hearing: Hearing) {
  return targets
    .select(TARGET_COLUMNS.map((name) => `targets.${name}` as const))
    .select(["targets.output_tail", "targets.surviving_version", "targets.downtime_ms", "agents.hostname"])
    .select(sql<number>`case when ${isSilent(hearing)} then 1 else 0 end`.as("silent"));
}

async function pageOf(
  targets: Targets,
  query: PageQuery,
  { hearing, descending }: { readonly hearing: Hearing; readonly descending: boolean },
): Promise<Page<TargetView>> {
  const id = sql.ref("targets.id");
  const page = await readPage(selectView(targets, hearing), query, {
    sort: id,
    id,
    type: "string",
    descending,
    placeOf: (row) => ({ sort: row.id, id: row.id }),
  });
  const { total } = await targets
    .select((eb) => eb.fn.countAll<number>().as("total"))
    .executeTakeFirstOrThrow();
  return { items: page.items.map(toTargetView), nextCursor: page.nextCursor, total };
}
