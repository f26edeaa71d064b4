import type { QueryClient, QueryKey } from "@tanstack/react-query";
import type { RolloutView, TargetView } from "@muster/protocol/http";
import type { TargetFilter } from "../api/api.ts";
import { KEYS, LIVE, mergePages, type Pages, storeRollout } from "../api/queries.ts";
import type { LiveSink } from "./live.ts";
import { laterTarget } from "./merge.ts";

/** How often, at most, lists are read again of which an event cannot say whether something belongs in them. */
const REREAD_MS = 5000;

/** Events into the cache of queries. Never makes anything up: what the cache cannot know is asked for. */
export function createCacheSink(client: QueryClient, now: () => number): LiveSink {
  const states = new Map<string, RolloutView["state"]>();
  const outdated = new Map<string, QueryKey>();
  let readAt = 0;

  const mark = (queryKey: QueryKey) => outdated.set(JSON.stringify(queryKey), queryKey);
  const reread = () => {
    if (outdated.size === 0 || now() - readAt < REREAD_MS) return;
    readAt = now();
    for (const queryKey of outdated.values()) void client.invalidateQueries({ queryKey });
    outdated.clear();
  };

  return {
    refresh: () => void client.invalidateQueries({ queryKey: [LIVE] }),
    beat: ({ overview, rollouts, targets }) => {
      if (overview !== null) {
        client.setQueryData(KEYS.overview, overview);
        mark(KEYS.agents);
        mark(KEYS.agentPages);
      }
      for (const rollout of rollouts.values()) {
        storeRollout(client, rollout);
        if (states.get(rollout.id) !== rollout.state) mark(KEYS.rolloutLists);
        states.set(rollout.id, rollout.state);
      }
      for (const [rolloutId, moved] of byRollout(targets)) {
        mergePages(client, KEYS.targets(rolloutId), { arrived: moved, later: laterTarget });
        for (const key of outdatedTargetLists(client, rolloutId, moved)) mark(key);
      }
      reread();
    },
  };
}

/** Lists filtered by what has just moved, and whole lists that lack a target made since: by a retry or a return. */
function outdatedTargetLists(
  client: QueryClient,
  rolloutId: string,
  moved: ReadonlyMap<string, TargetView>,
): QueryKey[] {
  const made = [...moved.values()].filter(({ attempt, purpose }) => attempt > 1 || purpose === "return");
  return client
    .getQueryCache()
    .findAll({ queryKey: KEYS.targets(rolloutId) })
    .filter(({ queryKey, state }) => {
      const filter = queryKey[3] as TargetFilter;
      if (filter.group !== undefined) return true;
      const data = state.data as Pages<TargetView> | undefined;
      const known = new Set(data?.pages.flatMap(({ items }) => items.map(({ id }) => id)));
      return made.some(({ id }) => !known.has(id));
    })
    .map(({ queryKey }) => queryKey);
}

function byRollout(targets: ReadonlyMap<string, TargetView>): Map<string, Map<string, TargetView>> {
  const groups = new Map<string, Map<string, TargetView>>();
  for (const target of targets.values()) {
    const group = groups.get(target.rolloutId) ?? new Map<string, TargetView>();
    groups.set(target.rolloutId, group.set(target.id, target));
  }
  return groups;
}
