import type { Rollout, Target } from "@muster/core";
import type { Database } from "../../store/database.ts";
import { TARGET_COLUMNS, toRollout, toTarget } from "../mapping.ts";

/** Ids of the rollouts that are still to be planned, oldest first. */
export async function readOpenIds(db: Database): Promise<string[]> {
  const rows = await db
    .selectFrom("rollouts")
    .select("id")
    .where("open", "=", (eb) => eb.lit(1))
    .orderBy("id")
    .execute();
  return rows.map(({ id }) => id);
}

/** A rollout with all its targets, in the order of dispatch; null if there is none. */
export async function readWholeRollout(
  db: Database,
  id: string,
): Promise<{ readonly rollout: Rollout; readonly targets: readonly Target[] } | null> {
  const rollout = await readRollout(db, id);
  if (!rollout) return null;
  const rows = await db
    .selectFrom("targets")
    .select(TARGET_COLUMNS)
    .where("rollout_id", "=", id)
    .orderBy("id")
    .execute();
  return { rollout, targets: rows.map(toTarget) };
}

export async function readRollout(db: Database, id: string): Promise<Rollout | null> {
  const row = await db.selectFrom("rollouts").selectAll().where("id", "=", id).executeTakeFirst();
  if (!row) return null;
  const waves = await db
    .selectFrom("waves")
    .selectAll()
    .where("rollout_id", "=", id)
    .orderBy("wave_index")
    .execute();
  return toRollout(row, waves);
}
