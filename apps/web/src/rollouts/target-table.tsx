import { UnstyledButton } from "@mantine/core";
import type { RolloutView, TargetView } from "@muster/protocol/http";
import { useInfiniteQuery } from "@tanstack/react-query";
import { type ReactNode, useCallback, useMemo, useState } from "react";
import { targetsQuery } from "../api/queries.ts";
import { useServices } from "../app/services.ts";
import { counted } from "../format/number.ts";
import { EmptyNotice } from "../ui/empty-notice.tsx";
import { Icon } from "../ui/icon.tsx";
import { Loading } from "../ui/loading.tsx";
import { ProblemNotice } from "../ui/problem-notice.tsx";
import { StateBadge } from "../ui/state-badge.tsx";
import { SILENT_LOOK, TARGET_LOOK } from "../ui/states.ts";
import { Elapsed, Time } from "../ui/time.tsx";
import { VersionStep } from "../ui/version.tsx";
import { VirtualTable, type VirtualColumn } from "../ui/virtual-table.tsx";
import type { RolloutSearch } from "./search.ts";
import { TargetProgress } from "./target-progress.tsx";
import { TargetDetail } from "./target-detail.tsx";
import { TargetFilterBar } from "./target-filter-bar.tsx";
import css from "./target-table.module.css";
import { targetReason } from "./words.ts";

interface TargetTableProps {
  readonly rollout: RolloutView;
  readonly search: RolloutSearch;
}

/** The rollout's targets, as the address filters them. */
export function TargetTable({ rollout, search }: TargetTableProps) {
  const { api } = useServices();
  const filter = { wave: search.wave === undefined ? undefined : search.wave - 1, group: search.show };
  const { data, error, refetch, hasNextPage, isFetchingNextPage, fetchNextPage, isPlaceholderData } =
    useInfiniteQuery(targetsQuery(api, rollout.id, filter));
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());

  const rows = useMemo(() => data?.pages.flatMap(({ items }) => items) ?? [], [data]);
  const columns = useMemo(
    () => targetColumns(open, (id) => setOpen((before) => toggled(before, id))),
    [open],
  );
  const onEnd = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage]);
  const detail = useCallback(
    (target: TargetView) => (open.has(target.id) ? <TargetDetail target={target} /> : null),
    [open],
  );

  const total = data?.pages[0]?.total ?? 0;
  return (
    <>
      <TargetFilterBar rollout={rollout} search={search} />
      {error && !data && (
        <div className={css["notice"]}>
          <ProblemNotice error={error} what="The targets could not be read" onRetry={() => void refetch()} />
        </div>
      )}
      {!data && !error && <Loading what="targets" rows={8} />}
      {data && rows.length === 0 && (
        <EmptyNotice title="No target matches">
          None of the {counted(rollout.counts.planned, "agent")} of this rollout is in this wave and state
          now.
        </EmptyNotice>
      )}
      {rows.length > 0 && (
        <div aria-busy={isPlaceholderData}>
          <VirtualTable
            label="Targets"
            className={css["columns"]}
            columns={columns}
            rows={rows}
            total={total}
            onEnd={onEnd}
            detail={detail}
          />
        </div>
      )}
    </>
  );
}

function toggled(set: ReadonlySet<string>, id: string): ReadonlySet<string> {
  const next = new Set(set);
  if (!next.delete(id)) next.add(id);
  return next;
}

function column(
  id: string,
  header: string,
  cell: (target: TargetView) => ReactNode,
): VirtualColumn<TargetView> {
  return { id, header, cell: ({ row }) => cell(row.original) };
}

function targetColumns(
  open: ReadonlySet<string>,
  onToggle: (id: string) => void,
): VirtualColumn<TargetView>[] {
  return [
    column("host", "Host", (target) => (
      <UnstyledButton
        className={css["host"]}
        aria-expanded={open.has(target.id)}
        onClick={() => onToggle(target.id)}
      >
        <span className={css["chevron"]}>
          <Icon name="chevron" size={12} />
        </span>
        {target.hostname}
      </UnstyledButton>
    )),
    column("state", "State", (target) => (
      <StateBadge look={target.silent ? SILENT_LOOK : TARGET_LOOK[target.state]} />
    )),
    column("progress", "Progress", (target) => <TargetProgress target={target} />),
    column("version", "Version", ({ fromVersion, toVersion }) => (
      <VersionStep from={fromVersion} to={toVersion} />
    )),
    column("wave", "Wave", ({ wave }) => wave + 1),
    column("why", "Why", (target) => <Why target={target} />),
    column("since", "In this state", (target) => (
      <span className={css["dimmed"]}>
        {target.state === "pending" ? null : isMoving(target) ? (
          <Elapsed since={target.since} />
        ) : (
          <Time at={target.since} />
        )}
      </span>
    )),
  ];
}

function isMoving({ state }: TargetView): boolean {
  return TARGET_LOOK[state].tone === "progress";
}

function Why({ target }: { readonly target: TargetView }) {
  if (target.code !== null) {
    return (
      <span
        title={target.message ?? undefined}
        className={css["code"]}
        data-tone={TARGET_LOOK[target.state].tone}
      >
        <code>{target.code}</code>
      </span>
    );
  }
  return <span className={css["dimmed"]}>{targetReason(target)}</span>;
}
