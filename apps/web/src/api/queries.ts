import {
  infiniteQueryOptions,
  keepPreviousData,
  queryOptions,
  type InfiniteData,
  type QueryClient,
} from "@tanstack/react-query";
import type { AgentListQuery, AgentView, RolloutView, TargetView } from "@muster/protocol/http";
import { laterRollout, mergeById } from "../live/merge.ts";
import type { Api, Page, TargetFilter } from "./api.ts";
import { localProblem } from "./problem.ts";

/** Keys of all that the stream of events keeps up to date begin with this. */
export const LIVE = "live";

export type Pages<T> = InfiniteData<Page<T>, string | null>;

export const KEYS = {
  session: ["session"],
  signInMethods: ["sign-in-methods"],
  explanations: ["explanations"],
  overview: [LIVE, "overview"],
  agents: [LIVE, "agents"],
  agentPages: [LIVE, "agent"],
  agent: (id: string) => [LIVE, "agent", id],
  agentTargets: (id: string) => [LIVE, "agent", id, "targets"],
  rolloutLists: [LIVE, "rollouts"],
  rollout: (id: string) => [LIVE, "rollout", id],
  targets: (id: string) => [LIVE, "targets", id],
} as const;

const firstPage = null as string | null;
const nextPage = <T>(last: Page<T>) => last.nextCursor;

export const sessionQuery = (api: Api) =>
  queryOptions({
    queryKey: KEYS.session,
    queryFn: ({ signal }) => api.session(signal),
    staleTime: 5 * 60_000,
    retry: false,
  });

export const signInMethodsQuery = (api: Api) =>
  queryOptions({
    queryKey: KEYS.signInMethods,
    queryFn: ({ signal }) => api.signInMethods(signal),
    retry: false,
  });

/** The problem that an error code stands for, for one that came in an address. */
export const explanationQuery = (api: Api, code: string) =>
  queryOptions({
    queryKey: [...KEYS.explanations, code],
    queryFn: async ({ signal }) => {
      const { meaning, help } = await api.explain(code, signal);
      return localProblem(code, { title: meaning, detail: meaning, help, retryable: true });
    },
    retry: false,
  });

export const overviewQuery = (api: Api) =>
  queryOptions({ queryKey: KEYS.overview, queryFn: ({ signal }) => api.overview(signal) });

export const agentsQuery = (api: Api, query: AgentListQuery) =>
  infiniteQueryOptions({
    queryKey: [...KEYS.agents, query],
    queryFn: ({ pageParam, signal }) => api.agents(query, pageParam, signal),
    initialPageParam: firstPage,
    getNextPageParam: nextPage<AgentView>,
    placeholderData: keepPreviousData,
  });

export const agentQuery = (api: Api, id: string) =>
  queryOptions({ queryKey: KEYS.agent(id), queryFn: ({ signal }) => api.agent(id, signal) });

export const agentTargetsQuery = (api: Api, id: string) =>
  queryOptions({ queryKey: KEYS.agentTargets(id), queryFn: ({ signal }) => api.agentTargets(id, signal) });

export const rolloutsQuery = (api: Api, state: string | undefined) =>
  infiniteQueryOptions({
    queryKey: [...KEYS.rolloutLists, state ?? "all"],
    queryFn: ({ pageParam, signal }) => api.rollouts(state, pageParam, signal),
    initialPageParam: firstPage,
    getNextPageParam: nextPage<RolloutView>,
    placeholderData: keepPreviousData,
  });

/** A snapshot that was overtaken by events while it was on its way does not replace them. */
export const rolloutQuery = (api: Api, id: string) =>
  queryOptions({
    queryKey: KEYS.rollout(id),
    queryFn: async ({ signal, client }) => {
      const snapshot = await api.rollout(id, signal);
      return laterRollout(client.getQueryData<RolloutView>(KEYS.rollout(id)), snapshot);
    },
  });

export const targetsQuery = (api: Api, id: string, filter: TargetFilter) =>
  infiniteQueryOptions({
    queryKey: [...KEYS.targets(id), filter],
    queryFn: ({ pageParam, signal }) => api.targets(id, { filter, cursor: pageParam }, signal),
    initialPageParam: firstPage,
    getNextPageParam: nextPage<TargetView>,
    placeholderData: keepPreviousData,
  });

/** Puts a rollout that the server answered with where every page reads it. */
export function storeRollout(client: QueryClient, rollout: RolloutView): void {
  client.setQueryData<RolloutView>(KEYS.rollout(rollout.id), (known) => laterRollout(known, rollout));
  mergePages(client, KEYS.rolloutLists, {
    arrived: new Map([[rollout.id, rollout]]),
    later: laterRollout,
  });
}

/** Replaces, in every loaded page under the key, the items that have arrived in a later view. */
export function mergePages<T extends { readonly id: string }>(
  client: QueryClient,
  queryKey: readonly unknown[],
  { arrived, later }: Arrival<T>,
): void {
  client.setQueriesData<Pages<T>>({ queryKey }, (data) => {
    if (data === undefined) return data;
    const pages = data.pages.map((page) => {
      const items = mergeById(page.items, arrived, later);
      return items === page.items ? page : { ...page, items };
    });
    return pages.some((page, index) => page !== data.pages[index]) ? { ...data, pages } : data;
  });
}

export interface Arrival<T> {
  readonly arrived: ReadonlyMap<string, T>;
  readonly later: (known: T, arrived: T) => T;
}
