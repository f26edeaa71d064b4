import { MusterError } from "@muster/core";
import type { RolloutView } from "@muster/protocol/http";
import { sql } from "kysely";
import type { Page } from "../ports.ts";
import type { Database } from "../store/database.ts";
import { readPage } from "../store/page.ts";
import type { RolloutRow, WaveRow } from "../store/schema.ts";
import type { RolloutQuery } from "./ports.ts";
import { noCounts, readTallies } from "./tally.ts";
import type { Hearing } from "./target-groups.ts";
import { toRolloutView } from "./views.ts";

/** Throws `RESOURCE_NOT_FOUND`. */
export async function readRolloutView(db: Database, id: string, hearing: Hearing): Promise<RolloutView> {
  const row = await db.selectFrom("rollouts").selectAll().where("id", "=", id).executeTakeFirst();
  const [view] = row ? await toViews(db, [row], hearing) : [];
  if (!view) throw new MusterError("RESOURCE_NOT_FOUND", { kind: "rollout", id });
  return view;
}

/** Newest first. */
export async function readRolloutViews(
  db: Database,
  query: RolloutQuery,
  hearing: Hearing,
): Promise<Page<RolloutView>> {
  let rollouts = db.selectFrom("rollouts");
  if (query.state !== undefined) rollouts = rollouts.where("state", "=", query.state);
  const { within, name } = query;
  if (name !== undefined) {
    rollouts = rollouts.where("id", "in", (eb) =>
      eb.selectFrom("rollout_names").select("rollout_id").where("name", "=", name),
    );
  }
  if (within !== undefined) {
    rollouts = rollouts.where((eb) =>
      within.length === 0 ? eb.lit(false) : eb("cohort_group_id", "in", within),
    );
  }
  const id = sql.ref("id");
  const page = await readPage(rollouts.selectAll(), query, {
    sort: id,
    id,
    type: "string",
    descending: true,
    placeOf: (row) => ({ sort: row.id, id: row.id }),
  });
  const { total } = await rollouts
    .select((eb) => eb.fn.countAll<number>().as("total"))
    .executeTakeFirstOrThrow();
  return { items: await toViews(db, page.items, hearing), nextCursor: page.nextCursor, total };
}

async function toViews(db: Database, rows: readonly RolloutRow[], hearing: Hearing): Promise<RolloutView[]> {
  if (rows.length === 0) return [];
  const ids = rows.map(({ id }) => id);
  const tallies = await readTallies(db, ids, hearing);
  const waves = new Map<string, WaveRow[]>(ids.map((id) => [id, []]));
  const waveRows = await db
    .selectFrom("waves")
    .selectAll()
    .where("rollout_id", "in", ids)
    .orderBy("rollout_id")
    .orderBy("wave_index")
    .execute();
  for (const wave of waveRows) waves.get(wave.rollout_id)?.push(wave);
  const names = await readNames(db, ids);
  return rows.map((row) => {
    const tally = tallies.get(row.id) ?? { total: noCounts(), waves: new Map(), touched: 0 };
    const name = names.get(row.id);
    const view = toRolloutView(row, waves.get(row.id) ?? [], tally);
    return name === undefined ? view : { ...view, name };
  });
}

async function readNames(db: Database, ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const rows = await db.selectFrom("rollout_names").selectAll().where("rollout_id", "in", ids).execute();
  return new Map(rows.map(({ rollout_id, name }) => [rollout_id, name]));
}
