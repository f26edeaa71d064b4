import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { useCallback, useMemo } from "react";
import { agentsQuery } from "../api/queries.ts";
import { useServices } from "../app/services.ts";
import { count } from "../format/number.ts";
import { Card } from "../ui/card.tsx";
import { CopyCommand } from "../ui/copy-command.tsx";
import { EmptyNotice } from "../ui/empty-notice.tsx";
import { Loading } from "../ui/loading.tsx";
import { PageHeader } from "../ui/page-header.tsx";
import { ProblemNotice } from "../ui/problem-notice.tsx";
import { VirtualTable } from "../ui/virtual-table.tsx";
import { agentColumns } from "./agent-columns.tsx";
import css from "./agents-page.module.css";
import { agentsCommand, ENROL_COMMANDS } from "./commands.ts";
import { readFilter, toggleTerm } from "./filter.ts";
import { FilterBox } from "./filter-box.tsx";

const route = getRouteApi("/signed-in/agents");

/** Every agent, as the address filters and sorts them; the server does both. */
export function AgentsPage() {
  const { api } = useServices();
  const { q = "", sort } = route.useSearch();
  const navigate = useNavigate({ from: "/agents" });
  const { query, problems } = useMemo(() => readFilter(q), [q]);
  const { data, error, refetch, hasNextPage, isFetchingNextPage, fetchNextPage, isPlaceholderData } =
    useInfiniteQuery({
      ...agentsQuery(api, sort === undefined ? query : { ...query, sort }),
      // Half a filter would show more agents than were asked for.
      enabled: problems.length === 0,
    });

  const setFilter = useCallback(
    (line: string) =>
      void navigate({
        search: { ...(line === "" ? {} : { q: line }), ...(sort === undefined ? {} : { sort }) },
        replace: true,
        resetScroll: false,
      }),
    [navigate, sort],
  );
  const columns = useMemo(
    () => agentColumns(sort, (term) => setFilter(toggleTerm(q, term))),
    [sort, q, setFilter],
  );
  const rows = useMemo(() => data?.pages.flatMap(({ items }) => items) ?? [], [data]);
  const onEnd = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage]);
  const total = data?.pages[0]?.total;
  const command = agentsCommand(q);

  return (
    <>
      <PageHeader title="Agents" documentTitle="Agents" />
      <FilterBox line={q} problems={problems} onChange={setFilter} />
      {error && !data && (
        <ProblemNotice error={error} what="The agents could not be read" onRetry={() => void refetch()} />
      )}
      {problems.length > 0 && (
        <Card title="Agents">
          <EmptyNotice title="The filter is not understood, so nothing is shown">
            Correct it above, or clear it.
          </EmptyNotice>
        </Card>
      )}
      {problems.length === 0 && (data || !error) && (
        <Card
          title={total === undefined ? "Agents" : matching(total, q)}
          aside={<CopyCommand text={command} />}
          flush
        >
          {!data && <Loading what="agents" rows={10} />}
          {total === 0 && <NoAgents filtered={q !== ""} />}
          {rows.length > 0 && (
            <div aria-busy={isPlaceholderData}>
              <VirtualTable
                label="Agents"
                className={css["columns"]}
                columns={columns}
                rows={rows}
                total={total ?? rows.length}
                onEnd={onEnd}
              />
            </div>
          )}
        </Card>
      )}
    </>
  );
}

function matching(total: number, line: string): string {
  const agents = `${count(total)} agent${total === 1 ? "" : "s"}`;
  return line === "" ? agents : `${agents} match${total === 1 ? "es" : ""}`;
}

function NoAgents({ filtered }: { readonly filtered: boolean }) {
  if (filtered) {
    return (
      <EmptyNotice
        title="No agent matches this filter"
        action={
          <Link to="/agents" search={{}}>
            Show all agents
          </Link>
        }
      />
    );
  }
  return (
    <EmptyNotice title="No agents yet" commands={ENROL_COMMANDS}>
      Make a registration token, then give it to an agent on its host.
    </EmptyNotice>
  );
}
