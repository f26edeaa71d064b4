import type { OverviewView } from "@muster/protocol/http";
import { useQuery } from "@tanstack/react-query";
import { ENROL_COMMANDS } from "../agents/commands.ts";
import { overviewQuery } from "../api/queries.ts";
import { useServices } from "../app/services.ts";
import { Card } from "../ui/card.tsx";
import { EmptyNotice } from "../ui/empty-notice.tsx";
import { Loading } from "../ui/loading.tsx";
import { PageHeader } from "../ui/page-header.tsx";
import { ProblemNotice } from "../ui/problem-notice.tsx";
import { ActiveRollouts } from "./active-rollouts.tsx";
import { FleetTiles } from "./fleet-tiles.tsx";
import css from "./overview-page.module.css";
import { PlatformTable } from "./platform-table.tsx";
import { VersionDistribution } from "./version-distribution.tsx";

/** The fleet at a glance. */
export function OverviewPage() {
  const { api } = useServices();
  const { data, error, refetch } = useQuery(overviewQuery(api));
  return (
    <>
      <PageHeader title="Fleet" documentTitle="Fleet" />
      {data ? <Fleet overview={data} /> : null}
      {!data && !error && (
        <Card title="Agents">
          <Loading what="the fleet" rows={6} />
        </Card>
      )}
      {error && !data && (
        <ProblemNotice error={error} what="The overview could not be read" onRetry={() => void refetch()} />
      )}
    </>
  );
}

function Fleet({ overview }: { readonly overview: OverviewView }) {
  if (overview.agents === 0) {
    return (
      <Card title="No agents yet">
        <EmptyNotice title="Enrol the first agent" commands={ENROL_COMMANDS}>
          Make a registration token, then give it to an agent on its host.
        </EmptyNotice>
      </Card>
    );
  }
  return (
    <div className={css["page"]}>
      <FleetTiles overview={overview} />
      <ActiveRollouts ids={overview.activeRollouts} />
      <div className={css["pair"]}>
        <VersionDistribution overview={overview} />
        <PlatformTable overview={overview} />
      </div>
    </div>
  );
}
