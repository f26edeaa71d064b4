import { Button } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { rolloutsQuery } from "../api/queries.ts";
import { useServices } from "../app/services.ts";
import { counted } from "../format/number.ts";
import { Card } from "../ui/card.tsx";
import { EmptyNotice } from "../ui/empty-notice.tsx";
import { Loading } from "../ui/loading.tsx";
import { PageHeader } from "../ui/page-header.tsx";
import { ProblemNotice } from "../ui/problem-notice.tsx";
import { ROLLOUT_LOOK } from "../ui/states.ts";
import { BEGIN_COMMANDS } from "./commands.ts";
import { RolloutList } from "./rollout-list.tsx";
import css from "./rollouts-page.module.css";

const route = getRouteApi("/signed-in/rollouts");

const CHOICES = ["running", "paused", "scheduled", "completed", "rolled_back", "canceled"] as const;

/** Every rollout, the newest first. */
export function RolloutsPage() {
  const { api } = useServices();
  const { state } = route.useSearch();
  const { data, error, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } = useInfiniteQuery(
    rolloutsQuery(api, state),
  );
  const rollouts = data?.pages.flatMap(({ items }) => items);
  return (
    <>
      <PageHeader title="Rollouts" documentTitle="Rollouts">
        <nav aria-label="Which rollouts" className={css["choices"]}>
          <Link to="/rollouts" search={{}} data-chosen={state === undefined || undefined}>
            All
          </Link>
          {CHOICES.map((choice) => (
            <Link
              key={choice}
              to="/rollouts"
              search={{ state: choice }}
              data-chosen={state === choice || undefined}
            >
              {ROLLOUT_LOOK[choice].word}
            </Link>
          ))}
        </nav>
      </PageHeader>
      {error && !rollouts && (
        <ProblemNotice error={error} what="The rollouts could not be read" onRetry={() => void refetch()} />
      )}
      {!error && !rollouts && (
        <Card title="Rollouts">
          <Loading what="the rollouts" rows={6} />
        </Card>
      )}
      {rollouts && (
        <Card title={counted(data?.pages[0]?.total ?? 0, "rollout")} flush>
          {rollouts.length === 0 ? <NoRollouts state={state} /> : <RolloutList rollouts={rollouts} />}
          {hasNextPage && (
            <div className={css["more"]}>
              <Button
                variant="default"
                size="xs"
                loading={isFetchingNextPage}
                onClick={() => void fetchNextPage()}
              >
                Older rollouts
              </Button>
            </div>
          )}
        </Card>
      )}
    </>
  );
}

function NoRollouts({ state }: { readonly state: keyof typeof ROLLOUT_LOOK | undefined }) {
  if (state !== undefined) {
    return (
      <EmptyNotice
        title={`No rollout is ${ROLLOUT_LOOK[state].word.toLowerCase()}`}
        action={
          <Link to="/rollouts" search={{}}>
            Show all rollouts
          </Link>
        }
      />
    );
  }
  return (
    <EmptyNotice title="No rollout yet" commands={BEGIN_COMMANDS}>
      A rollout brings a cohort of agents to a release, wave by wave.
    </EmptyNotice>
  );
}
