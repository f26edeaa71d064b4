import {
  DRIFT_TEXT,
  type DesiredPlan,
  type DesiredSurvey,
  type DriftingAgent,
  driftReason,
  type DriftReason,
  HELD_TEXT,
  MusterError,
  NO_RELEASE_TEXT,
  parseTrack,
  specifyDesiredPlan,
} from "@muster/core";
import type { AgentDesiredView, DesiredView, PutDesired } from "@muster/protocol/http";
import type { Roster } from "../agents/roster.ts";
import type { GroupDefinition } from "../groups/group-book.ts";
import { requireGroup, toGroupView } from "../groups/groups.ts";
import type { DesiredStates } from "../groups/ports.ts";
import { CANDIDATE_COLUMNS, createReader } from "../rollout/candidates.ts";
import { busyAgents } from "../rollout/preview.ts";
import type { Database } from "../store/database.ts";
import type { GroupDesiredRow } from "../store/schema.ts";
import type { DesiredDriver, DriverPorts } from "./driver.ts";
import { keyOf, readDrifting, withPast } from "./drifting.ts";
import type { DesiredOutlook } from "./outlook.ts";

export interface DesiredStatePorts extends DriverPorts {
  readonly driver: DesiredDriver;
}

type Key = { readonly group: string; readonly product: string };

/** Agents named for each reason of a drift. */
const NAMED_MAX = 100;

/** The desired states' use cases. */
export function createDesiredStates(ports: DesiredStatePorts): DesiredStates {
  const { db, clock, book, driver } = ports;
  const read = async (group: GroupDefinition, product: string): Promise<DesiredView> => {
    const [view] = await readViews(ports, group, product);
    return view ?? missing(group.row.name, product);
  };
  return {
    status: async (group) => {
      const definition = requireGroup(book, group);
      const desired = await readViews(ports, definition);
      return { group: toGroupView(definition, ports.memberships), desired };
    },
    put: async ({ group, product }, request, actor) => {
      const definition = requireGroup(book, group);
      const { id } = definition.row;
      const row = { ...toColumns(request), updated_at: clock.now(), updated_by: actor.name };
      await putRow(db, { ...row, group_id: id, product }, request.revision);
      driver.changed();
      await driver.idle();
      return read(definition, product);
    },
    remove: async ({ group, product }) => {
      const { id, name } = requireGroup(book, group).row;
      const { numDeletedRows } = await db
        .deleteFrom("group_desired")
        .where("group_id", "=", id)
        .where("product", "=", product)
        .executeTakeFirst();
      if (numDeletedRows === 0n) missing(name, product);
      driver.changed();
    },
    clear: async ({ group, product }: Key, actor) => {
      const definition = requireGroup(book, group);
      const now = clock.now();
      const { numUpdatedRows } = await db
        .updateTable("group_desired")
        .set((eb) => ({
          cleared_at: now,
          revision: eb("revision", "+", 1),
          updated_at: now,
          updated_by: actor.name,
        }))
        .where("group_id", "=", definition.row.id)
        .where("product", "=", product)
        .executeTakeFirst();
      if (numUpdatedRows === 0n) missing(definition.row.name, product);
      driver.changed();
      return read(definition, product);
    },
    ofAgent: (agentId) => readOfAgent(ports, agentId),
  };
}

async function readOfAgent(ports: DesiredStatePorts, agentId: string): Promise<AgentDesiredView> {
  const { db, book, driver } = ports;
  const columns = [...CANDIDATE_COLUMNS];
  const row = await db.selectFrom("agents").select(columns).where("id", "=", agentId).executeTakeFirst();
  if (!row) throw new MusterError("AGENT_NOT_FOUND", { agent: agentId });
  const outlook = await driver.outlook();
  const survey = surveyOf(ports, outlook, agentId);
  if (!survey) return { groupId: null, group: null, version: null, phase: null, drift: null, why: null };
  const { state, release, phase } = survey;
  const about = {
    groupId: state.groupId,
    group: book.find(state.groupId)?.row.name ?? null,
    version: release?.version ?? null,
    phase: phase.kind,
  };
  if (release === null || row.version === release.version) return { ...about, drift: null, why: null };
  const past = { version: release.version, since: state.clearedAt };
  const [agent] = await withPast(db, [createReader()(row)], past);
  const drift = agent ? driftReason(agent, survey, busyAgents(ports.controller.openRollouts())) : null;
  return { ...about, drift, why: drift && DRIFT_TEXT[drift] };
}

function missing(group: string, product: string): never {
  throw new MusterError("RESOURCE_NOT_FOUND", { kind: "desired state", group, product });
}

/** Throws `ROLLOUT_PLAN_INVALID`. */
function toColumns({ track, plan }: PutDesired): { track_json: string; plan_json: string } {
  return {
    track_json: JSON.stringify(parseTrack(track)),
    plan_json: JSON.stringify(specifyDesiredPlan(plan satisfies Partial<Record<keyof DesiredPlan, unknown>>)),
  };
}

async function putRow(
  db: Database,
  row: Omit<GroupDesiredRow, "revision" | "cleared_at">,
  expected: number | undefined,
): Promise<void> {
  const { group_id, product, ...changes } = row;
  await db.transaction().execute(async (trx) => {
    const before = await trx
      .selectFrom("group_desired")
      .select("revision")
      .where("group_id", "=", group_id)
      .where("product", "=", product)
      .executeTakeFirst();
    const found = before?.revision ?? 0;
    if (expected !== undefined && expected !== found) {
      throw new MusterError("RESOURCE_CONFLICT", { kind: "desired state", product, revision: expected });
    }
    await trx
      .insertInto("group_desired")
      .values({ ...row, revision: 1, cleared_at: 0 })
      .onConflict((conflict) =>
        conflict.columns(["group_id", "product"]).doUpdateSet({ ...changes, revision: found + 1 }),
      )
      .execute();
  });
}

function surveyOf(
  { memberships }: DriverPorts,
  { surveys, followed }: DesiredOutlook,
  agentId: string,
): DesiredSurvey | undefined {
  const list = memberships.listOf(agentId);
  const groupId = list ? followed(list) : null;
  if (!list || groupId === null) return undefined;
  const key = keyOf({ groupId, product: list.product });
  return surveys.find(({ state }) => keyOf(state) === key);
}

/** The desired states of a group, each with how far its agents are from it. */
async function readViews(
  ports: DesiredStatePorts,
  { row }: GroupDefinition,
  product?: string,
): Promise<DesiredView[]> {
  const outlook = await ports.driver.outlook();
  const rows = await ports.db
    .selectFrom("group_desired")
    .selectAll()
    .where("group_id", "=", row.id)
    .orderBy("product")
    .execute();
  const views: DesiredView[] = [];
  for (const desired of rows) {
    if (product !== undefined && desired.product !== product) continue;
    const key = keyOf({ groupId: row.id, product: desired.product });
    const survey = outlook.surveys.find(({ state }) => keyOf(state) === key);
    if (!survey) continue;
    const { state, phase } = survey;
    const held = phase.kind === "held" ? HELD_TEXT[phase.why] : null;
    views.push({
      groupId: row.id,
      group: row.name,
      product: state.product,
      track: state.track,
      plan: JSON.parse(desired.plan_json) as DesiredView["plan"],
      revision: desired.revision,
      updatedAt: desired.updated_at,
      updatedBy: desired.updated_by,
      version: survey.release?.version ?? null,
      phase: phase.kind,
      why: phase.kind === "no_release" ? NO_RELEASE_TEXT[phase.why] : held,
      rolloutId: "rolloutId" in phase ? phase.rolloutId : null,
      ...countFollowers(ports, outlook, survey),
      drift: await readDrift(ports, outlook, survey),
    });
  }
  return views;
}

function countFollowers(
  { memberships, roster }: { readonly memberships: DriverPorts["memberships"]; readonly roster: Roster },
  { followed }: DesiredOutlook,
  { state, release }: DesiredSurvey,
): { agents: number; converged: number } {
  let [agents, converged] = [0, 0];
  for (const [agentId, list] of memberships.all()) {
    if (list.product !== state.product || followed(list) !== state.groupId) continue;
    agents += 1;
    if (release !== null && roster.get(agentId)?.version === release.version) converged += 1;
  }
  return { agents, converged };
}

async function readDrift(
  { db, memberships, controller }: DriverPorts,
  { followed }: DesiredOutlook,
  survey: DesiredSurvey,
): Promise<DesiredView["drift"]> {
  const { state, release } = survey;
  if (release === null) return [];
  const busy = busyAgents(controller.openRollouts());
  const drifting: readonly DriftingAgent[] = await readDrifting(
    db,
    { memberships, followed },
    { state, release },
  );
  const reasons = new Map<DriftReason, string[]>();
  for (const agent of drifting) {
    const reason = driftReason(agent, survey, busy);
    const ids = reasons.get(reason);
    if (ids) ids.push(agent.id);
    else reasons.set(reason, [agent.id]);
  }
  return [...reasons].map(([reason, ids]) => ({
    reason,
    count: ids.length,
    agentIds: ids.slice(0, NAMED_MAX),
  }));
}
