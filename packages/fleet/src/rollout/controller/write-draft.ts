import type { KeyObject } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { MusterError, type Rollout, type Target } from "@muster/core";
import type { Updateable } from "kysely";
import { chunksOf, insertAll } from "../../store/bulk.ts";
import type { Database } from "../../store/database.ts";
import type { TargetRow } from "../../store/schema.ts";
import { newRolloutRow, newTargetRow, rolloutChanges, targetChanges, waveRow } from "../mapping.ts";
import { type Dispatch, makeAssignments } from "./assignments.ts";
import { type RolloutDraft, targetsAfter } from "./draft.ts";

/**
 * Writes a draft, inside a transaction, and says what is to be sent after the commit. Throws `RESOURCE_CONFLICT` if the
 * rollout is not as the draft found it.
 */
export async function writeDraft(
  trx: Database,
  draft: RolloutDraft,
  signingKey: KeyObject,
): Promise<readonly Dispatch[]> {
  await writeRollout(trx, draft);
  await writeWaves(trx, draft);
  await insertTargets(trx, draft.rollout.id, draft.added);
  const dispatches = await makeAssignments(trx, draft, signingKey);
  await writeTargets(trx, draft);
  return dispatches;
}

async function writeRollout(trx: Database, draft: RolloutDraft): Promise<void> {
  const { id, revision } = draft.before.rollout;
  const { numUpdatedRows } = await trx
    .updateTable("rollouts")
    .set(rolloutChanges(draft.rollout, targetsAfter(draft)))
    .where("id", "=", id)
    .where("revision", "=", revision)
    .executeTakeFirst();
  if (numUpdatedRows === 0n) throw new MusterError("RESOURCE_CONFLICT", { kind: "rollout", id, revision });
}

async function writeWaves(trx: Database, { before, rollout }: RolloutDraft): Promise<void> {
  for (const wave of rollout.waves) {
    if (before.rollout.waves[wave.index] === wave) continue;
    await trx
      .updateTable("waves")
      .set(waveRow(rollout.id, wave))
      .where("rollout_id", "=", rollout.id)
      .where("wave_index", "=", wave.index)
      .execute();
  }
}

export interface NewRollout {
  readonly rollout: Rollout;
  /** In the order of dispatch. */
  readonly targets: readonly Target[];
}

/** Inserts a rollout with its waves and targets, inside a transaction. */
export async function insertRollout(trx: Database, { rollout, targets }: NewRollout): Promise<void> {
  await trx.insertInto("rollouts").values(newRolloutRow(rollout)).execute();
  const waves = rollout.waves.map((wave) => waveRow(rollout.id, wave));
  await insertAll(trx, "waves", waves);
  await insertTargets(trx, rollout.id, targets);
}

/** Inserts new targets; each is from now on the one that says how its agent stands. */
async function insertTargets(trx: Database, rolloutId: string, targets: readonly Target[]): Promise<void> {
  for (const chunk of chunksOf(targets)) {
    const agentIds = chunk.map(({ agentId }) => agentId);
    await trx
      .updateTable("targets")
      .set({ standing: 0 })
      .where("rollout_id", "=", rolloutId)
      .where("agent_id", "in", agentIds)
      .execute();
    await trx
      .updateTable("targets")
      .set({ latest: 0 })
      .where("latest", "=", (eb) => eb.lit(1))
      .where("agent_id", "in", agentIds)
      .execute();
  }
  await insertAll(trx, "targets", targets.map(newTargetRow));
}

async function writeTargets(trx: Database, draft: RolloutDraft): Promise<void> {
  const groups = new Map<string, { readonly change: Updateable<TargetRow>; readonly ids: string[] }>();
  for (const target of draft.changed.values()) {
    const change = { ...changedColumns(draft, target), ...draft.columns.get(target.id) };
    if (draft.columns.has(target.id)) {
      await updateTarget(trx, target.id, change);
      continue;
    }
    // Thousands change alike when a wave opens, or a rollout halts or is canceled.
    const key = JSON.stringify(change);
    const group = groups.get(key);
    if (group) group.ids.push(target.id);
    else groups.set(key, { change, ids: [target.id] });
  }
  for (const [id, columns] of draft.columns) {
    if (!draft.changed.has(id)) await updateTarget(trx, id, columns);
  }
  for (const { change, ids } of groups.values()) await updateTargets(trx, ids, change);
}

function changedColumns({ originals }: RolloutDraft, target: Target): Updateable<TargetRow> {
  const before = originals.get(target.id);
  const after = targetChanges(target);
  if (!before) return after;
  const had = new Map<string, unknown>(Object.entries(targetChanges(before)));
  return Object.fromEntries(Object.entries(after).filter(([name, value]) => had.get(name) !== value));
}

async function updateTargets(
  trx: Database,
  ids: readonly string[],
  change: Updateable<TargetRow>,
): Promise<void> {
  if (Object.keys(change).length === 0) return;
  for (const chunk of chunksOf(ids)) {
    await trx.updateTable("targets").set(change).where("id", "in", chunk).execute();
    if (ids.length > chunk.length) await setImmediate();
  }
}

async function updateTarget(trx: Database, id: string, change: Updateable<TargetRow>): Promise<void> {
  await trx.updateTable("targets").set(change).where("id", "=", id).execute();
}
