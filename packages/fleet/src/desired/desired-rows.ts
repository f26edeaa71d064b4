import {
  type DesiredPlan,
  type DesiredRelease,
  type DesiredState,
  type GroupRollout,
  type RolloutState,
  specifyDesiredPlan,
  type Track,
} from "@muster/core";
import type { Database } from "../store/database.ts";
import type { GroupDesiredRow } from "../store/schema.ts";

/** Newest rollouts of one desired state that are looked at; those of whole releases are looked at besides. */
const ROLLOUTS_MAX = 100;

export function toDesiredState(row: GroupDesiredRow): DesiredState {
  return {
    groupId: row.group_id,
    product: row.product,
    track: JSON.parse(row.track_json) as Track,
    // What a plan can say grows; what an older one does not say has its default.
    plan: specifyDesiredPlan(JSON.parse(row.plan_json) as DesiredPlan),
    clearedAt: row.cleared_at,
  };
}

/** Every release of these products. */
export async function readDesiredReleases(
  db: Database,
  products: readonly string[],
): Promise<DesiredRelease[]> {
  if (products.length === 0) return [];
  const releases = await db
    .selectFrom("releases")
    .select(["product", "version", "channel", "state"])
    .where("product", "in", products)
    .execute();
  const artifacts = await db
    .selectFrom("artifacts")
    .select(["product", "version", "os", "arch", "size"])
    .where("product", "in", products)
    .execute();
  const ofRelease = Map.groupBy(artifacts, ({ product, version }) => `${product} ${version}`);
  return releases.map(({ product, version, channel, state }) => ({
    product,
    version,
    channel,
    state: state as DesiredRelease["state"],
    // Only what a signed manifest could say was ever stored.
    artifacts: (ofRelease.get(`${product} ${version}`) ?? []) as DesiredRelease["artifacts"],
  }));
}

/** The rollouts that a desired state has made, as far as it looks back. */
export async function readGroupRollouts(
  db: Database,
  { groupId, product }: Pick<DesiredState, "groupId" | "product">,
  waitsForOfflineSince: (rolloutId: string) => number | null,
): Promise<GroupRollout[]> {
  const own = db
    .selectFrom("group_rollouts")
    .innerJoin("rollouts", "rollouts.id", "group_rollouts.rollout_id")
    .select([
      "rollouts.id",
      "group_rollouts.version",
      "kind",
      "state",
      "state_json",
      "created_at",
      "ended_at",
    ])
    .where("group_id", "=", groupId)
    .where("group_rollouts.product", "=", product)
    .orderBy("rollout_id", "desc");
  const newest = await own.limit(ROLLOUTS_MAX).execute();
  const oldest = newest.length === ROLLOUTS_MAX ? newest.at(-1)?.id : undefined;
  const older =
    oldest === undefined
      ? []
      : await own.where("kind", "=", "release").where("rollout_id", "<", oldest).execute();
  return [...newest, ...older].map((row) => ({
    id: row.id,
    groupId,
    product,
    version: row.version,
    kind: row.kind as GroupRollout["kind"],
    state: { kind: row.state, ...(JSON.parse(row.state_json) as object) } as RolloutState,
    createdAt: row.created_at,
    endedAt: row.ended_at,
    waitsForOfflineSince: row.ended_at === null ? waitsForOfflineSince(row.id) : null,
  }));
}
