import type { Database } from "../store/database.ts";

/** One version of a product; what is ready under a version never changes, so this names its digest too. */
export interface ReleaseName {
  readonly product: string;
  readonly version: string;
}

/**
 * How often hosts have rolled releases back since they were last forgiven, in memory: few hosts ever do. The database is
 * the truth; this follows every commit.
 */
export interface HostPasts {
  rollbacksOf(agentId: string, release: ReleaseName): number;
  /** The host has rolled this release back once more. */
  note(agentId: string, release: ReleaseName): void;
  /** Its past holds nothing back any more. */
  forgive(agentId: string): void;
}

/** Reads the rollbacks of all hosts. */
export async function loadHostPasts(db: Database): Promise<HostPasts> {
  const pasts = new Map<string, Map<string, number>>();
  const add = (agentId: string, release: ReleaseName, count: number) => {
    const counts = pasts.get(agentId) ?? new Map<string, number>();
    pasts.set(agentId, counts);
    counts.set(keyOf(release), (counts.get(keyOf(release)) ?? 0) + count);
  };
  const rows = await db
    .selectFrom("targets")
    .innerJoin("rollouts", "rollouts.id", "targets.rollout_id")
    .innerJoin("agents", "agents.id", "targets.agent_id")
    .where("targets.state", "=", "rolled_back")
    .where("targets.purpose", "=", "update")
    .where((eb) => eb("targets.since", ">=", eb.fn.coalesce("agents.forgiven_at", eb.lit(0))))
    .groupBy(["targets.agent_id", "rollouts.product", "targets.to_version"])
    .select(["targets.agent_id", "rollouts.product", "targets.to_version"])
    .select((eb) => eb.fn.countAll<number>().as("count"))
    .execute();
  for (const { agent_id, product, to_version, count } of rows) {
    add(agent_id, { product, version: to_version }, count);
  }
  return {
    rollbacksOf: (agentId, release) => pasts.get(agentId)?.get(keyOf(release)) ?? 0,
    note: (agentId, release) => add(agentId, release, 1),
    forgive: (agentId) => void pasts.delete(agentId),
  };
}

function keyOf({ product, version }: ReleaseName): string {
  return `${product} ${version}`;
}
