import type { TargetView } from "@muster/protocol/http";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { agentTargetsQuery } from "../api/queries.ts";
import { useServices } from "../app/services.ts";
import { fineDuration } from "../format/time.ts";
import { Card } from "../ui/card.tsx";
import { EmptyNotice } from "../ui/empty-notice.tsx";
import { Loading } from "../ui/loading.tsx";
import { ProblemNotice } from "../ui/problem-notice.tsx";
import { ScrollTable } from "../ui/scroll-table.tsx";
import { StateBadge } from "../ui/state-badge.tsx";
import { SILENT_LOOK, TARGET_LOOK } from "../ui/states.ts";
import { Time } from "../ui/time.tsx";
import { VersionStep } from "../ui/version.tsx";

/** What was brought to the agent so far, the newest first. */
export function AgentTargets({ agentId }: { readonly agentId: string }) {
  const { api } = useServices();
  const { data, error, refetch } = useQuery(agentTargetsQuery(api, agentId));
  return (
    <Card title="Recent updates" flush>
      {!data && !error && <Loading what="its updates" />}
      {error && !data && (
        <ProblemNotice error={error} what="Its updates could not be read" onRetry={() => void refetch()} />
      )}
      {data?.items.length === 0 && <EmptyNotice title="It was never updated by a rollout" />}
      {data && data.items.length > 0 && <Targets targets={data.items} />}
    </Card>
  );
}

function Targets({ targets }: { readonly targets: readonly TargetView[] }) {
  return (
    <ScrollTable label="Recent updates">
      <thead>
        <tr>
          <th scope="col">Version</th>
          <th scope="col">State</th>
          <th scope="col">Error</th>
          <th scope="col" data-numeric>
            Downtime
          </th>
          <th scope="col">Rollout</th>
          <th scope="col">Since</th>
        </tr>
      </thead>
      <tbody>
        {targets.map((target) => (
          <tr key={target.id}>
            <td>
              <VersionStep from={target.fromVersion} to={target.toVersion} />
            </td>
            <td>
              <StateBadge look={target.silent ? SILENT_LOOK : TARGET_LOOK[target.state]} />
            </td>
            <td title={target.message ?? undefined}>
              {target.code === null ? "—" : <code>{target.code}</code>}
            </td>
            <td data-numeric>{target.downtimeMs === null ? "—" : fineDuration(target.downtimeMs)}</td>
            <td>
              <Link to="/rollouts/$rolloutId" params={{ rolloutId: target.rolloutId }}>
                {target.rolloutId}
              </Link>
            </td>
            <td>
              <Time at={target.since} />
            </td>
          </tr>
        ))}
      </tbody>
    </ScrollTable>
  );
}
