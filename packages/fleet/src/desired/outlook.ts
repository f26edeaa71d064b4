import {
  type DesiredRelease,
  type DesiredSurvey,
  type GroupRollout,
  offlineWait,
  surveyDesired,
  type Version,
} from "@muster/core";
import type { Controller } from "../rollout/controller/controller.ts";
import type { Database } from "../store/database.ts";
import { readDesiredReleases, readGroupRollouts, toDesiredState } from "./desired-rows.ts";
import { createFollowed, type Followed, keyOf } from "./drifting.ts";

/** Everything about the desired states but their agents, as it stands now. */
export interface DesiredOutlook {
  readonly surveys: readonly DesiredSurvey[];
  readonly revisions: ReadonlyMap<string, number>;
  /** What the agents of each state are to run, by key; a state without a release is missing. */
  readonly wanted: ReadonlyMap<string, Version>;
  readonly releases: readonly DesiredRelease[];
  readonly rollouts: readonly GroupRollout[];
  readonly followed: Followed;
}

export const NOTHING: DesiredOutlook = {
  surveys: [],
  revisions: new Map(),
  wanted: new Map(),
  releases: [],
  rollouts: [],
  followed: () => null,
};

export async function readOutlook({
  db,
  controller,
}: {
  readonly db: Database;
  readonly controller: Pick<Controller, "openRollouts">;
}): Promise<DesiredOutlook> {
  const rows = await db.selectFrom("group_desired").selectAll().execute();
  if (rows.length === 0) return NOTHING;
  const states = rows.map(toDesiredState);
  const releases = await readDesiredReleases(db, [...new Set(states.map(({ product }) => product))]);
  const waits = new Map<string, number>();
  for (const { rollout, targets } of controller.openRollouts()) {
    const wait = offlineWait(rollout, targets);
    if (wait) waits.set(rollout.id, wait.since);
  }
  const rollouts: GroupRollout[] = [];
  for (const state of states) {
    rollouts.push(...(await readGroupRollouts(db, state, (id) => waits.get(id) ?? null)));
  }
  const surveys = states.map((state) => surveyDesired(state, releases, rollouts));
  return {
    surveys,
    wanted: new Map(
      surveys.flatMap(({ state, release }) => (release ? [[keyOf(state), release.version] as const] : [])),
    ),
    revisions: new Map(
      rows.map((row) => [keyOf({ groupId: row.group_id, product: row.product }), row.revision]),
    ),
    releases,
    rollouts,
    followed: createFollowed(states),
  };
}
