import type { AgentView, OverviewView, RolloutView, TargetView } from "@muster/protocol/http";
import { createFakeAgents } from "./fake-agents.ts";
import { createFakeRollout, type FakeRollout } from "./fake-rollout.ts";

/** What the fake server shows. */
export interface FakeFleet {
  readonly agents: () => readonly AgentView[];
  readonly attention: (agent: AgentView) => string[];
  readonly rollouts: () => readonly FakeRollout[];
  readonly overview: () => OverviewView;
  /** Moves everything on; the targets that moved, by rollout. */
  readonly step: (now: number) => ReadonlyMap<string, readonly TargetView[]>;
}

const MINUTE = 60_000;
const DAY = 1440 * MINUTE;

/** `busy`: a fleet with rollouts in every interesting state, one of them moving. `empty`: the first five minutes. */
export function createFakeFleet(scene: "busy" | "empty", size: number, now: number): FakeFleet {
  const agents = scene === "empty" ? [] : createFakeAgents(size, now);
  const rollouts = scene === "empty" ? [] : createBusyRollouts(agents, now);
  const byAgent = () => {
    const latest = new Map<string, TargetView>();
    for (const rollout of rollouts)
      for (const target of rollout.targets()) latest.set(target.agentId, target);
    return latest;
  };

  const step = (time: number) =>
    new Map(rollouts.map((rollout) => [rollout.view().id, rollout.step(time).map((view) => ({ ...view }))]));

  let latest = byAgent();
  const settle = () => {
    latest = byAgent();
    for (const agent of agents) applyTarget(agent, latest.get(agent.id));
  };
  settle();

  const attention = (agent: AgentView) => {
    const target = latest.get(agent.id);
    return [
      ...(target?.state === "failed" || target?.state === "rolled_back" ? ["failed"] : []),
      ...(target?.silent ? ["stuck"] : []),
      ...(agent.version === null ? ["unknown_version"] : []),
    ];
  };
  return {
    agents: () => agents,
    attention,
    rollouts: () => rollouts,
    overview: () => overviewOf(agents, { rollouts: rollouts.map((each) => each.view()), latest, attention }),
    step: (time) => {
      const moved = step(time);
      settle();
      return moved;
    },
  };
}

function applyTarget(agent: AgentView, target: TargetView | undefined): void {
  agent.target = null;
  if (target === undefined) return;
  if (target.state === "healthy") agent.version = target.toVersion;
  if (["healthy", "failed", "rolled_back", "canceled", "superseded"].includes(target.state)) return;
  const { id, rolloutId, toVersion: version, state, reason } = target;
  agent.target = { id, rolloutId, version, state, reason };
}

interface OverviewParts {
  readonly rollouts: readonly RolloutView[];
  readonly latest: ReadonlyMap<string, TargetView>;
  readonly attention: (agent: AgentView) => string[];
}

function overviewOf(
  agents: readonly AgentView[],
  { rollouts, latest, attention }: OverviewParts,
): OverviewView {
  const having = (word: string) => agents.filter((agent) => attention(agent).includes(word)).length;
  const online = agents.filter((agent) => agent.online).length;
  const states = [...latest.values()].map(({ state }) => state);
  return {
    agents: agents.length,
    online,
    offline: agents.length - online,
    unknownVersion: having("unknown_version"),
    failed: having("failed"),
    stuck: having("stuck"),
    versions: countBy(agents, ({ product, version }) => ({ product, version })),
    platforms: countBy(agents, ({ os, arch }) => ({ os, arch })),
    targetStates: Object.fromEntries(
      countBy(states, (state) => ({ state })).map(({ state, count }) => [state, count]),
    ),
    activeRollouts: rollouts
      .filter(({ state }) => state === "running" || state === "paused")
      .map(({ id }) => id),
  };
}

function countBy<T, Key extends object>(
  items: readonly T[],
  keyOf: (item: T) => Key,
): (Key & { count: number })[] {
  const counts = new Map<string, Key & { count: number }>();
  for (const item of items) {
    const key = keyOf(item);
    const name = JSON.stringify(key);
    const entry = counts.get(name) ?? { ...key, count: 0 };
    entry.count += 1;
    counts.set(name, entry);
  }
  return [...counts.values()];
}

function createBusyRollouts(agents: readonly AgentView[], now: number): FakeRollout[] {
  const labelled = (env: string) => agents.filter((agent) => agent.labels["env"] === env);
  const finished = createFakeRollout({
    id: "r_1hw8tq",
    version: "1.1.0",
    cohort: { kind: "all" },
    strategy: waves([10, 50, 100], 5 * MINUTE),
    maxInFlight: 400,
    agents: agents.filter(({ online }) => online),
    startedAt: now - 2 * DAY,
    broken: 0,
  });
  runUntil(finished, now - 2 * DAY, ({ state }) => state === "completed");
  const approval = createFakeRollout({
    id: "r_9xqd4c",
    product: "metrics-sidecar",
    version: "2.4.0",
    cohort: { kind: "labels", expression: "role=db" },
    strategy: waves([10, 50, 100], MINUTE, "manual"),
    agents: agents.filter((agent) => agent.labels["role"] === "db" && agent.online).slice(0, 60),
    startedAt: now - 50 * MINUTE,
    broken: 0,
  });
  runUntil(approval, now - 50 * MINUTE, ({ state }) => state === "paused");
  const halted = createFakeRollout({
    id: "r_4fpa0z",
    version: "1.3.0-rc.1",
    cohort: { kind: "labels", expression: "env=staging" },
    strategy: waves([5, 25, 100], 5 * MINUTE),
    maxInFlight: 8,
    threshold: { count: 3 },
    agents: labelled("staging"),
    startedAt: now - 26 * MINUTE,
    broken: 0.55,
  });
  runUntil(
    halted,
    now - 26 * MINUTE,
    ({ state, counts }) => state === "paused" && counts.inProgress === counts.silent,
  );
  const moving = (startedAt: number) =>
    createFakeRollout({
      id: "r_7k2m9d",
      version: "1.2.0",
      cohort: { kind: "labels", expression: "env=production" },
      strategy: waves([5, 25, 100], 8000),
      maxInFlight: Math.max(4, Math.round(agents.length / 50)),
      agents: labelled("production"),
      startedAt,
      broken: 0.012,
    });
  // Run twice, so that it is there now and not at some time before or after.
  const startedAt = now - runUntil(moving(0), 0, enough);
  const running = moving(startedAt);
  runUntil(running, startedAt, enough);
  return [finished, approval, halted, running];
}

const waves = (
  ends: readonly number[],
  settleMs: number,
  approval: "automatic" | "manual" = "automatic",
) => ({
  kind: "waves" as const,
  waves: ends.map((percent) => ({ percent })),
  settleMs,
  approval,
});

const enough = ({ counts, waves: [, second] }: RolloutView) =>
  second !== undefined && second.state === "open" && counts.healthy > counts.planned * 0.14;

/** Steps until the condition holds; the time at which it did. */
function runUntil(rollout: FakeRollout, from: number, done: (view: RolloutView) => boolean): number {
  let time = from;
  for (let steps = 0; steps < 20_000 && !done(rollout.view()); steps += 1) {
    time += 500;
    rollout.step(time);
  }
  return time;
}
