import type { RolloutView } from "@muster/protocol/http";
import { useQueries } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { rolloutQuery } from "../api/queries.ts";
import { useServices } from "../app/services.ts";
import { BEGIN_COMMANDS } from "../rollouts/commands.ts";
import { RolloutList } from "../rollouts/rollout-list.tsx";
import { Card } from "../ui/card.tsx";
import { EmptyNotice } from "../ui/empty-notice.tsx";
import { Loading } from "../ui/loading.tsx";
import { ProblemNotice } from "../ui/problem-notice.tsx";

/** More than these are a click away. */
const SHOWN = 6;

/** The rollouts that are under way or wait for somebody. */
export function ActiveRollouts({ ids }: { readonly ids: readonly string[] }) {
  const { api } = useServices();
  const results = useQueries({ queries: ids.slice(0, SHOWN).map((id) => rolloutQuery(api, id)) });
  const rollouts = results.flatMap(({ data }) => data ?? []);
  const failed = results.find(({ error, data }) => error && !data);
  return (
    <Card
      title={ids.length === 0 ? "Active rollouts" : `Active rollouts (${ids.length})`}
      aside={<Link to="/rollouts">All rollouts</Link>}
      flush
    >
      {failed && <ProblemNotice error={failed.error} what="A rollout could not be read" />}
      {ids.length > 0 && rollouts.length === 0 && !failed && <Loading what="the active rollouts" rows={3} />}
      {ids.length === 0 && <EmptyNotice title="Nothing is being rolled out" commands={BEGIN_COMMANDS} />}
      {rollouts.length > 0 && <RolloutList rollouts={rollouts.toSorted(byUrgency)} />}
    </Card>
  );
}

/** What waits for somebody comes first, then the newest. */
function byUrgency(a: RolloutView, b: RolloutView): number {
  return Number(b.state === "paused") - Number(a.state === "paused") || b.createdAt - a.createdAt;
}
