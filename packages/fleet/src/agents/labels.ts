import { setImmediate } from "node:timers/promises";
import { labelsDecoder, MusterError, parse } from "@muster/core";
import type { LabelAgents, LabelledView, Selection } from "@muster/protocol/http";
import { toRuleAgent } from "../groups/load-groups.ts";
import type { TargetDesk } from "../rollout/ports.ts";
import type { Memberships } from "../groups/memberships.ts";
import type { Bus } from "../ports.ts";
import { chunksOf, insertAll } from "../store/bulk.ts";
import type { Database } from "../store/database.ts";
import type { AgentRow } from "../store/schema.ts";
import { agentConditions } from "./agent-filter.ts";
import type { FilterContext } from "./condition-sql.ts";
import type { Roster } from "./roster.ts";
import { labelRows, mergeLabels } from "./mapping.ts";

type Labels = Readonly<Record<string, string>>;

export interface LabelPorts {
  readonly db: Database;
  readonly bus: Bus;
  readonly memberships: Memberships;
  readonly roster: Roster;
  readonly targets: Pick<TargetDesk, "agentChanged">;
}

/** Gives named agents their labels: from what the control plane has given them so far to what it gives them now. */
async function relabel(
  { db, bus, memberships, roster, targets }: LabelPorts,
  ids: readonly string[],
  { change, dryRun }: { readonly change: (assigned: Labels) => Labels; readonly dryRun: boolean },
): Promise<LabelledView> {
  let [matched, changed] = [0, 0];
  // Each piece in its own transaction: 100,000 agents must not hold up everybody else. Asked again, it goes on.
  for (const chunk of chunksOf(ids)) {
    const after = await db.transaction().execute(async (trx) => {
      const rows = await trx.selectFrom("agents").select(COLUMNS).where("id", "in", chunk).execute();
      matched += rows.length;
      const relabelled = rows.flatMap((row) => relabelRow(row, change) ?? []);
      if (!dryRun) await write(trx, relabelled);
      return relabelled;
    });
    changed += after.length;
    if (dryRun) continue;
    for (const { row } of after) {
      const agent = toRuleAgent(row);
      if (row.revoked_at === null) memberships.agentChanged(agent);
      roster.set(agent.id, { labels: agent.labels });
      // What is spread over the values of a label is so from now on.
      targets.agentChanged(agent.id);
      bus.publish({ kind: "agent", agentId: row.id });
    }
    await setImmediate();
  }
  return { matched, changed };
}

const COLUMNS = [
  "id",
  "hostname",
  "product",
  "os",
  "arch",
  "labels_json",
  "assigned_labels_json",
  "own_labels_json",
  "revoked_at",
] as const;
type Row = Pick<AgentRow, Exclude<(typeof COLUMNS)[number], "own_labels_json">> & {
  readonly own_labels_json: string;
};

interface Relabelled {
  readonly row: Row;
  /** Keys whose value is another now. */
  readonly keys: readonly string[];
}

/** The row with its new labels; null if they are the same. Throws `REQUEST_INVALID` for labels that may not be. */
function relabelRow(row: Row, change: (assigned: Labels) => Labels): Relabelled | null {
  const before = JSON.parse(row.labels_json) as Labels;
  const assigned = parse.decode(
    labelsDecoder,
    change(JSON.parse(row.assigned_labels_json) as Labels),
    "REQUEST_INVALID",
  );
  const assignedJson = JSON.stringify(mergeLabels({}, assigned));
  if (assignedJson === JSON.stringify(mergeLabels({}, JSON.parse(row.assigned_labels_json) as Labels)))
    return null;
  const labels = mergeLabels(JSON.parse(row.own_labels_json) as Labels, assigned);
  const keys = [...new Set([...Object.keys(before), ...Object.keys(labels)])].filter(
    (key) => before[key] !== labels[key],
  );
  const after = { ...row, labels_json: JSON.stringify(labels), assigned_labels_json: assignedJson };
  return { row: after, keys };
}

async function write(trx: Database, relabelled: readonly Relabelled[]): Promise<void> {
  // Many agents have the same labels, before and after.
  for (const [, alike] of Map.groupBy(
    relabelled,
    ({ row }) => `${row.labels_json} ${row.assigned_labels_json}`,
  )) {
    const [first] = alike;
    if (!first) continue;
    const { labels_json, assigned_labels_json } = first.row;
    await trx
      .updateTable("agents")
      .set({ labels_json, assigned_labels_json })
      .where(
        "id",
        "in",
        alike.map(({ row }) => row.id),
      )
      .execute();
  }
  for (const [keyList, alike] of Map.groupBy(relabelled, ({ keys }) => keys.join(" "))) {
    if (keyList === "") continue;
    const keys = keyList.split(" ");
    await trx
      .deleteFrom("agent_labels")
      .where(
        "agent_id",
        "in",
        alike.map(({ row }) => row.id),
      )
      .where("key", "in", keys)
      .execute();
    const rows = alike.flatMap(({ row }) => labelRows(row.id, JSON.parse(row.labels_json) as Labels));
    await insertAll(
      trx,
      "agent_labels",
      rows.filter(({ key }) => keys.includes(key)),
    );
  }
}

/** All labels that the control plane gives one agent. Throws `AGENT_NOT_FOUND`, `REQUEST_INVALID`. */
export async function putLabels(ports: LabelPorts, id: string, labels: Labels): Promise<void> {
  const { matched } = await relabel(ports, [id], { change: () => labels, dryRun: false });
  if (matched === 0) throw new MusterError("AGENT_NOT_FOUND", { agent: id });
}

/** Sets and removes labels of many agents. Throws `FILTER_INVALID`, `SELECTION_CHANGED`, `REQUEST_INVALID`. */
export async function labelAgents(
  ports: LabelPorts,
  { selection, set = {}, remove = [], dryRun = false }: LabelAgents,
  context: FilterContext,
): Promise<LabelledView> {
  parse.decode(labelsDecoder, set, "REQUEST_INVALID");
  const ids = await readSelection(ports.db, selection, context);
  const change = (assigned: Labels): Labels => {
    const kept = Object.entries(assigned).filter(([key]) => !remove.includes(key));
    return { ...Object.fromEntries(kept), ...set };
  };
  return relabel(ports, ids, { change, dryRun });
}

/** Ids of the agents that are meant, by id. Throws `FILTER_INVALID`, `GROUP_NOT_FOUND`, `SELECTION_CHANGED`. */
export async function readSelection(
  db: Database,
  selection: Selection,
  context: FilterContext,
): Promise<readonly string[]> {
  if (selection.kind === "agents") return [...new Set(selection.ids)];
  const { filter, expected } = selection;
  const except = new Set(selection.except);
  const rows = await db
    .selectFrom("agents")
    .select("id")
    .where((eb) => agentConditions(eb, { filter }, context))
    .orderBy("id")
    .execute();
  const ids = rows.map(({ id }) => id).filter((id) => !except.has(id));
  if (expected !== undefined && expected !== ids.length) {
    throw new MusterError("SELECTION_CHANGED", { expected, found: ids.length });
  }
  return ids;
}
