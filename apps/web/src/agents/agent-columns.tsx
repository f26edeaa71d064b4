import { UnstyledButton } from "@mantine/core";
import { printFilter } from "@muster/core";
import type { AgentView } from "@muster/protocol/http";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Icon } from "../ui/icon.tsx";
import { StateBadge } from "../ui/state-badge.tsx";
import { OFFLINE_LOOK, ONLINE_LOOK, targetLook } from "../ui/states.ts";
import { Time } from "../ui/time.tsx";
import { Version } from "../ui/version.tsx";
import type { VirtualColumn } from "../ui/virtual-table.tsx";
import css from "./agent-columns.module.css";
import { type AgentSearch, nextSort, sortDirection } from "./search.ts";

type Sort = AgentSearch["sort"];
type AddTerm = (term: string) => void;

/** The columns of the list; a click on a value filters by it. */
export function agentColumns(sort: Sort, addTerm: AddTerm): VirtualColumn<AgentView>[] {
  return [
    sortable("hostname", "Host", sort, (agent) => (
      <Link to="/agents/$agentId" params={{ agentId: agent.id }} className={css["host"]}>
        {agent.hostname}
      </Link>
    )),
    plain("state", "State", ({ online }) => (
      <Filtering term={online ? "is:online" : "is:offline"} addTerm={addTerm}>
        <StateBadge look={online ? ONLINE_LOOK : OFFLINE_LOOK} />
      </Filtering>
    )),
    sortable("version", "Version", sort, ({ version }) => (
      <Filtering term={`version:${version ?? "unknown"}`} addTerm={addTerm}>
        <Version version={version} />
      </Filtering>
    )),
    plain("update", "Update", ({ target }) => target && <Update target={target} />),
    plain("platform", "Platform", ({ os, arch }) => `${os}/${arch}`),
    plain("labels", "Labels", ({ labels }) => (
      <span className={css["labels"]}>
        {Object.entries(labels).map(([key, value]) => (
          <Filtering key={key} term={labelTerm(key, value)} addTerm={addTerm}>
            <span className={css["label"]}>
              {key}={value}
            </span>
          </Filtering>
        ))}
      </span>
    )),
    sortable("lastSeenAt", "Last seen", sort, ({ lastSeenAt }) => (
      <span className={css["dimmed"]}>{lastSeenAt === null ? "never" : <Time at={lastSeenAt} />}</span>
    )),
  ];
}

/** A label as a condition; a value may hold a space. */
function labelTerm(key: string, value: string): string {
  return printFilter({ kind: "label", key, is: [value] });
}

type Cell = (agent: AgentView) => ReactNode;

function plain(id: string, header: string, cell: Cell): VirtualColumn<AgentView> {
  return { id, header, cell: ({ row }) => cell(row.original) };
}

function sortable(
  id: "hostname" | "version" | "lastSeenAt",
  header: string,
  sort: Sort,
  cell: Cell,
): VirtualColumn<AgentView> {
  const direction = sortDirection(sort, id);
  return {
    id,
    cell: ({ row }) => cell(row.original),
    meta: { sort: direction },
    header: () => (
      <Link
        from="/agents"
        to="."
        search={(search) => ({ ...search, sort: nextSort(sort, id) })}
        replace
        className={css["sort"]}
        data-sorted={direction === "none" ? undefined : true}
        activeProps={{ "aria-current": undefined }}
      >
        {header}
        {direction !== "none" && <Icon name={direction} size={11} />}
      </Link>
    ),
  };
}

interface FilteringProps {
  readonly term: string;
  readonly addTerm: AddTerm;
  readonly children: ReactNode;
}

/** A value that filters by itself when it is clicked. */
function Filtering({ term, addTerm, children }: FilteringProps) {
  return (
    <UnstyledButton className={css["filtering"]} title={`Filter: ${term}`} onClick={() => addTerm(term)}>
      {children}
    </UnstyledButton>
  );
}

function Update({ target }: { readonly target: NonNullable<AgentView["target"]> }) {
  return (
    <span className={css["update"]}>
      <StateBadge look={targetLook(target.state)} />
      <Link to="/rollouts/$rolloutId" params={{ rolloutId: target.rolloutId }} className={css["to"]}>
        <span className="visually-hidden">to </span>
        <code>{target.version}</code>
      </Link>
    </span>
  );
}
