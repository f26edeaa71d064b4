import type { OverviewView } from "@muster/protocol/http";
import { sql } from "kysely";
import { type Hearing, isSilent } from "../rollout/target-groups.ts";
import type { Database } from "../store/database.ts";
import { FAILED_STATES } from "./condition-sql.ts";

/** The fleet in numbers; revoked agents count nowhere. Every number is what `Agents.list` totals for the same filter. */
export async function readOverview(db: Database, hearing: Hearing): Promise<OverviewView> {
  const versions = await readVersions(db);
  const agents = versions.reduce((sum, { count }) => sum + count, 0);
  const online = await countOnline(db);
  const targetStates = await readTargetStates(db);
  return {
    agents,
    online,
    offline: agents - online,
    unknownVersion: versions.reduce((sum, { version, count }) => (version === null ? sum + count : sum), 0),
    failed: FAILED_STATES.reduce((sum, state) => sum + (targetStates[state] ?? 0), 0),
    stuck: await countStuck(db, hearing),
    versions,
    platforms: await readPlatforms(db),
    targetStates,
    activeRollouts: await readActiveRollouts(db),
  };
}

function readVersions(db: Database): Promise<OverviewView["versions"]> {
  return db
    .selectFrom("agents")
    .where("revoked_at", "is", null)
    .groupBy(["product", "version"])
    .select((eb) => ["product", "version", eb.fn.countAll<number>().as("count")])
    .orderBy("product")
    .orderBy("count", "desc")
    .execute();
}

function readPlatforms(db: Database): Promise<OverviewView["platforms"]> {
  return db
    .selectFrom("agents")
    .where("revoked_at", "is", null)
    .groupBy(["os", "arch"])
    .select((eb) => ["os", "arch", eb.fn.countAll<number>().as("count")])
    .orderBy("count", "desc")
    .execute();
}

async function countOnline(db: Database): Promise<number> {
  const { count } = await db
    .selectFrom("agents")
    .where("connected_at", "is not", null)
    .where("revoked_at", "is", null)
    .select((eb) => eb.fn.countAll<number>().as("count"))
    .executeTakeFirstOrThrow();
  return count;
}

async function readTargetStates(db: Database): Promise<Record<string, number>> {
  const rows = await db
    .selectFrom("targets")
    .where("latest", "=", (eb) => eb.lit(1))
    .groupBy("state")
    .select((eb) => ["state", eb.fn.countAll<number>().as("count")])
    .execute();
  return Object.fromEntries(rows.map(({ state, count }) => [state, count]));
}

async function countStuck(db: Database, hearing: Hearing): Promise<number> {
  const { count } = await db
    .selectFrom("targets")
    .innerJoin("rollouts", "rollouts.id", "targets.rollout_id")
    .where("targets.latest", "=", (eb) => eb.lit(1))
    .where(isSilent(hearing))
    .select(sql<number>`count(*)`.as("count"))
    .executeTakeFirstOrThrow();
  return count;
}

async function readActiveRollouts(db: Database): Promise<string[]> {
  const rows = await db
    .selectFrom("rollouts")
    .select("id")
    .where("open", "=", (eb) => eb.lit(1))
    .where("ended_at", "is", null)
    .orderBy("id", "desc")
    .execute();
  return rows.map(({ id }) => id);
}
