import type { AgentListQuery } from "@muster/protocol/http";

type Sort = NonNullable<AgentListQuery["sort"]>;
type SortColumn = "hostname" | "version" | "lastSeenAt";

const SORTS: readonly Sort[] = ["hostname", "-hostname", "version", "-version", "lastSeenAt", "-lastSeenAt"];

/** State of the list of agents that the address holds, so that it can be sent to a colleague. */
export interface AgentSearch {
  readonly q?: string | undefined;
  readonly sort?: Sort | undefined;
}

/** What does not belong there is undefined, not absent: the router lays this over the raw search. */
export function readAgentSearch(search: Record<string, unknown>): AgentSearch {
  const q = typeof search["q"] === "string" ? search["q"].trim().slice(0, 2048) : "";
  const sort = SORTS.find((name) => name === search["sort"]);
  return { q: q === "" ? undefined : q, sort };
}

/** How a column is sorted now. */
export function sortDirection(
  sort: Sort | undefined,
  column: SortColumn,
): "ascending" | "descending" | "none" {
  const current = sort ?? "hostname";
  if (current === column) return "ascending";
  return current === `-${column}` ? "descending" : "none";
}

/** The sort after a click on a column's head. */
export function nextSort(sort: Sort | undefined, column: SortColumn): Sort {
  return sortDirection(sort, column) === "ascending" ? `-${column}` : column;
}
