import { API_VERSION, type OperationView } from "@muster/protocol/http";
import { chunksOf } from "../store/bulk.ts";
import type { Database } from "../store/database.ts";
import type { OperationRow } from "../store/operation-tables.ts";
import { TARGET_COLUMNS, type TargetColumns, toTarget } from "../rollout/mapping.ts";
import { operationStatus } from "./status.ts";

interface Standing extends TargetColumns {
  readonly rollout_reason: string | null;
}

/** Operations as the API shows them, each with how its target stands. */
export async function toOperationViews(
  db: Database,
  rows: readonly OperationRow[],
): Promise<OperationView[]> {
  const rolloutIds = rows.flatMap(({ rollout_id }) => rollout_id ?? []);
  const standing = new Map<string, Standing>();
  for (const ids of chunksOf(rolloutIds)) {
    const found = await db
      .selectFrom("targets")
      .innerJoin("rollouts", "rollouts.id", "targets.rollout_id")
      .select(TARGET_COLUMNS.map((name) => `targets.${name}` as const))
      .select("rollouts.reason as rollout_reason")
      .where("targets.rollout_id", "in", ids)
      .where("targets.standing", "=", (eb) => eb.lit(1))
      .execute();
    for (const target of found) standing.set(target.rollout_id, target);
  }
  return rows.map((row) => toView(row, row.rollout_id === null ? undefined : standing.get(row.rollout_id)));
}

function toView(row: OperationRow, target: Standing | undefined): OperationView {
  const facts = {
    createdAt: row.created_at,
    target: target ? toTarget(target) : null,
    rolloutReason: target?.rollout_reason ?? null,
  };
  return {
    apiVersion: API_VERSION,
    kind: "MachineOperation",
    operationKind: row.operation_kind as OperationView["operationKind"],
    metadata: { name: row.name, createdAt: row.created_at, createdBy: row.created_by },
    // Only what its schema has read was ever stored.
    spec: JSON.parse(row.spec_json) as OperationView["spec"],
    status: {
      agentId: row.agent_id,
      product: row.product,
      fromVersion: row.from_version,
      version: row.version,
      rolloutId: row.rollout_id,
      targetId: target?.id ?? null,
      ...operationStatus(facts),
    },
  };
}
