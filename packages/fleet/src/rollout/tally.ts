import type { Counts } from "@muster/core";
import { sql } from "kysely";
import type { Database } from "../store/database.ts";
import { groupOf, type Hearing, isSilent } from "./target-groups.ts";

/** How a rollout's agents stand. */
export interface Tally {
  readonly total: Counts;
  /** By wave index; a wave without targets is missing. */
  readonly waves: ReadonlyMap<number, Counts>;
  /** Hosts that were ever given the update. */
  readonly touched: number;
}

type Tallying = { -readonly [Name in keyof Counts]: number };

const COUNT_NAMES = {
  pending: "pending",
  in_progress: "inProgress",
  healthy: "healthy",
  failed: "failed",
  rolled_back: "rolledBack",
  canceled: "canceled",
} as const;

/** Counts of these rollouts, by id, from two queries. */
export async function readTallies(
  db: Database,
  rolloutIds: readonly string[],
  hearing: Hearing,
): Promise<ReadonlyMap<string, Tally>> {
  if (rolloutIds.length === 0) return new Map();
  const touched = await readTouched(db, rolloutIds);
  const rows = await db
    .selectFrom("targets")
    .innerJoin("rollouts", "rollouts.id", "targets.rollout_id")
    .where("targets.rollout_id", "in", rolloutIds)
    .where("targets.standing", "=", (eb) => eb.lit(1))
    .groupBy(["targets.rollout_id", "targets.wave", "targets.purpose", "targets.state"])
    .select(["targets.rollout_id", "targets.wave", "targets.purpose", "targets.state"])
    .select((eb) => [
      eb.fn.countAll<number>().as("count"),
      sql<number>`sum(case when ${isSilent(hearing)} then 1 else 0 end)`.as("silent"),
    ])
    .execute();
  const tallies = new Map(rolloutIds.map((id) => [id, emptyTally(touched.get(id) ?? 0)]));
  for (const row of rows) {
    const tally = tallies.get(row.rollout_id);
    if (!tally) continue;
    const wave = tally.waves.get(row.wave) ?? noCounts();
    tally.waves.set(row.wave, wave);
    for (const counts of [tally.total, wave]) {
      counts.planned += row.count;
      counts.silent += row.silent;
      counts[COUNT_NAMES[groupOf(row.purpose, row.state)]] += row.count;
    }
  }
  return tallies;
}

async function readTouched(db: Database, rolloutIds: readonly string[]): Promise<Map<string, number>> {
  const rows = await db
    .selectFrom("targets")
    .where("rollout_id", "in", rolloutIds)
    .where("purpose", "=", "update")
    // The states that only a waiting target can reach.
    .where("state", "not in", ["pending", "canceled", "superseded"])
    .groupBy("rollout_id")
    .select((eb) => ["rollout_id", eb.fn.count<number>("agent_id").distinct().as("touched")])
    .execute();
  return new Map(rows.map(({ rollout_id, touched }) => [rollout_id, touched]));
}

function emptyTally(touched: number) {
  return { total: noCounts(), waves: new Map<number, Tallying>(), touched };
}

export function noCounts(): Tallying {
  return {
    planned: 0,
    pending: 0,
    inProgress: 0,
    healthy: 0,
    failed: 0,
    rolledBack: 0,
    silent: 0,
    canceled: 0,
  };
}
