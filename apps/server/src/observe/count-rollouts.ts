import type { Database } from "@muster/fleet";

/** How many rollouts there are in each state. */
export async function countRollouts(db: Database): Promise<Readonly<Record<string, number>>> {
  const rows = await db
    .selectFrom("rollouts")
    .select(({ fn }) => ["state", fn.countAll<number>().as("count")])
    .groupBy("state")
    .execute();
  return Object.fromEntries(rows.map(({ state, count }) => [state, count]));
}
