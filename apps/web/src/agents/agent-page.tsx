import type { AgentView } from "@muster/protocol/http";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { isNotFound } from "../api/problem.ts";
import { agentQuery } from "../api/queries.ts";
import { useServices } from "../app/services.ts";
import { Card } from "../ui/card.tsx";
import { EmptyNotice } from "../ui/empty-notice.tsx";
import { FactList } from "../ui/fact-list.tsx";
import { Loading } from "../ui/loading.tsx";
import { PageHeader } from "../ui/page-header.tsx";
import { ProblemNotice } from "../ui/problem-notice.tsx";
import { reasonWords } from "../rollouts/words.ts";
import { StateBadge } from "../ui/state-badge.tsx";
import { OFFLINE_LOOK, ONLINE_LOOK, targetLook } from "../ui/states.ts";
import { Time } from "../ui/time.tsx";
import { Version } from "../ui/version.tsx";
import css from "./agent-page.module.css";
import { AgentTargets } from "./agent-targets.tsx";
import { AgentTelemetry } from "./agent-telemetry.tsx";
import { policyWords, recoveryWords, skewWords } from "./words.ts";

const route = getRouteApi("/signed-in/agents/$agentId");

/** One agent: what it runs, what it is about to run, and why it does not yet. */
export function AgentPage() {
  const { api } = useServices();
  const { agentId } = route.useParams();
  const { data: agent, error, refetch } = useQuery(agentQuery(api, agentId));
  if (agent) return <Agent agent={agent} />;
  return (
    <>
      <PageHeader title={`Agent ${agentId}`} documentTitle="Agent" above={<Up />} />
      {error ? (
        <ProblemNotice
          error={error}
          what={isNotFound(error) ? `There is no agent ${agentId}` : "The agent could not be read"}
          {...(isNotFound(error) ? {} : { onRetry: () => void refetch() })}
        />
      ) : (
        <Card title="Now">
          <Loading what="the agent" />
        </Card>
      )}
    </>
  );
}

function Up() {
  return (
    <Link to="/agents" activeOptions={{ exact: true }}>
      Agents
    </Link>
  );
}

function Agent({ agent }: { readonly agent: AgentView }) {
  return (
    <>
      <PageHeader
        documentTitle={agent.hostname}
        above={
          <>
            <Up /> / <code>{agent.id}</code>
          </>
        }
        title={agent.hostname}
        beside={<StateBadge look={agent.online ? ONLINE_LOOK : OFFLINE_LOOK} pill />}
      />
      <div className={css["page"]}>
        <Now agent={agent} />
        <Update agent={agent} />
        <AgentTelemetry agent={agent} />
        <Identity agent={agent} />
        <AgentTargets agentId={agent.id} />
      </div>
    </>
  );
}

function Now({ agent }: { readonly agent: AgentView }) {
  return (
    <Card title="Now">
      <FactList
        facts={[
          ["Version", <Version key="v" version={agent.version} />],
          ["Product", agent.product],
          ["Platform", `${agent.os}/${agent.arch}`],
          ["Last seen", agent.lastSeenAt === null ? "never" : <Time key="seen" at={agent.lastSeenAt} />],
          ["Clock", skewWords(agent.clockSkewMs)],
          ["Local policy", policyWords(agent.policy)],
          ...(agent.recovery ? [["Recovered", recoveryWords(agent.recovery)] as const] : []),
          ...(agent.revoked ? [["Access", "revoked: it can no longer connect"] as const] : []),
        ]}
      />
    </Card>
  );
}

function Update({ agent: { target } }: { readonly agent: AgentView }) {
  return (
    <Card title="Update">
      {target === null ? (
        <EmptyNotice title="No update is under way or waiting" />
      ) : (
        <FactList
          facts={[
            ["To", <Version key="to" version={target.version} />],
            ["State", <StateBadge key="state" look={targetLook(target.state)} />],
            ["Why it is not moving", reasonWords(target.reason) ?? "It is moving"],
            [
              "Rollout",
              <Link key="rollout" to="/rollouts/$rolloutId" params={{ rolloutId: target.rolloutId }}>
                <code>{target.rolloutId}</code>
              </Link>,
            ],
          ]}
        />
      )}
    </Card>
  );
}

function Identity({ agent }: { readonly agent: AgentView }) {
  const labels = Object.entries(agent.labels);
  return (
    <Card title="Identity">
      <FactList
        facts={[
          ["Enrolled", <Time key="enrolled" at={agent.enrolledAt} />],
          ["Can", agent.capabilities.length === 0 ? "nothing" : agent.capabilities.join(", ")],
          [
            "Labels",
            labels.length === 0
              ? "none"
              : labels.map(([key, value]) => (
                  <Link key={key} to="/agents" search={{ q: `${key}=${value}` }} className={css["label"]}>
                    {key}={value}
                  </Link>
                )),
          ],
        ]}
      />
    </Card>
  );
}
