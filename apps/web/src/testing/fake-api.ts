import { ERROR_REGISTRY, type ErrorCode } from "@muster/core";
import type { AgentListQuery, Problem, RolloutVerb, TargetView } from "@muster/protocol/http";
import { queryAgents } from "./fake-agents.ts";
import type { FakeFleet } from "./fake-fleet.ts";

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** The routes that need a session, over a fake fleet. `path` is below `/api/v1`. */
export function answer(fleet: FakeFleet, method: string, url: URL, now: number): Answer {
  const [kind = "", id, child] = url.pathname.replace("/api/v1/", "").split("/");
  const query = Object.fromEntries(url.searchParams);
  if (kind === "overview") return ok(fleet.overview());
  if (kind === "agents" && child === "targets") return agentTargets(fleet, id, query);
  if (kind === "agents") return agents(fleet, id, { query, now });
  if (kind !== "rollouts") return problem("ROUTE_NOT_FOUND", url.pathname);
  if (id === undefined) {
    const views = fleet.rollouts().map((rollout) => rollout.view());
    const shown = views.filter(({ state }) => query["state"] === undefined || query["state"] === state);
    return ok(page(shown.toReversed(), query));
  }
  const rollout = fleet.rollouts().find((each) => each.view().id === id);
  if (rollout === undefined) return problem("RESOURCE_NOT_FOUND", `rollout ${id}`);
  if (child === undefined) return ok(rollout.view());
  if (child === "targets") {
    const targets = rollout.targets().filter((target) => matches(target, query));
    return ok(page(targets, query));
  }
  return method === "POST"
    ? verb(rollout.view().verbs, child, () => {
        rollout.act(child as RolloutVerb, now);
        return rollout.view();
      })
    : problem("ROUTE_NOT_FOUND", url.pathname);
}

function agents(
  fleet: FakeFleet,
  id: string | undefined,
  { query, now }: { readonly query: Record<string, string>; readonly now: number },
): Answer {
  if (id === undefined) {
    const { attention } = fleet;
    return ok(page(queryAgents(fleet.agents(), query as AgentListQuery, { attention, now }), query));
  }
  const agent = fleet.agents().find((each) => each.id === id);
  return agent === undefined ? problem("AGENT_NOT_FOUND", id) : ok(agent);
}

function agentTargets(fleet: FakeFleet, id: string | undefined, query: Record<string, string>): Answer {
  const targets = fleet.rollouts().flatMap((rollout) => rollout.targets());
  return ok(page(targets.filter(({ agentId }) => agentId === id).toReversed(), query));
}

function verb(
  verbs: readonly { readonly verb: string; readonly allowed: boolean; readonly why: string }[],
  name: string,
  act: () => unknown,
): Answer {
  const known = verbs.find((each) => each.verb === name);
  if (known === undefined) return problem("ROUTE_NOT_FOUND", name);
  return known.allowed ? ok(act()) : problem("ROLLOUT_TRANSITION_INVALID", known.why);
}

const GROUPS: Readonly<Record<string, (target: TargetView) => boolean>> = {
  pending: ({ state }) => state === "pending",
  in_progress: ({ state }) =>
    ["dispatched", "downloading", "verifying", "staging", "restarting"].includes(state),
  healthy: ({ state }) => state === "healthy",
  failed: ({ state }) => state === "failed",
  rolled_back: ({ state }) => state === "rolled_back",
  silent: ({ silent }) => silent,
  canceled: ({ state }) => state === "canceled" || state === "superseded",
};

function matches(target: TargetView, { wave, group }: Record<string, string>): boolean {
  if (wave !== undefined && target.wave !== Number(wave)) return false;
  return group === undefined || (GROUPS[group]?.(target) ?? false);
}

function page<T>(items: readonly T[], { cursor, limit }: Record<string, string>) {
  const from = Number(cursor ?? 0);
  const to = from + Number(limit ?? 100);
  return {
    items: items.slice(from, to),
    nextCursor: to < items.length ? String(to) : null,
    total: items.length,
  };
}

export function ok(body: unknown): Answer {
  return { status: 200, body };
}

export function problem(code: ErrorCode, detail: string): Answer {
  const { meaning, help, httpStatus, retryable } = ERROR_REGISTRY[code];
  const body: Problem = {
    type: `https://muster.example/errors#${code}`,
    title: meaning,
    status: httpStatus,
    detail: `${meaning} (${detail})`,
    code,
    help,
    retryable,
    details: {},
  };
  return { status: httpStatus, body };
}
