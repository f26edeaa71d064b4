import { isRolloutEnded } from "../rollout/rollout-machine.ts";
import type { Decision } from "../rollout/decision.ts";
import { nextWakeAt } from "../rollout/next-wake.ts";
import { planRollout } from "../rollout/plan-rollout.ts";
import type { AgentFacts, Rollout, Target } from "../rollout/rollout.ts";
import { changeTarget, type TargetEvent } from "../rollout/target-machine.ts";
import { applyDecisions, type RolloutRecord } from "./apply-decisions.ts";
import { START } from "./rollout-fixtures.ts";

/** What one simulated agent does. Times are milliseconds since 1970. */
export interface AgentScript {
  readonly id: string;
  readonly version: string;
  /** Not connected from `from` until before `to`; its reports are lost, its outcome comes later. */
  readonly away: { readonly from: number; readonly to: number };
  readonly busyUntil: number;
  readonly skewedUntil: number;
  /** Outside of its window until before this. */
  readonly closedUntil: number;
  /** Its value of the label `rack`; null: it has none. */
  readonly rack: string | null;
  /** Its disk is full until before this. */
  readonly fullUntil: number;
  readonly platform: string;
  /** How its attempts end, first to last; the last one holds for all further ones, and for its return. */
  readonly endings: readonly ("healthy" | "failed" | "rolled_back" | "silent")[];
  /** Between two of its reports, in milliseconds. */
  readonly stepMs: number;
  /** Stages it reports before it ends or goes silent, 0 to 4. */
  readonly reports: number;
}

/** What the world does besides the agents; each is asked whenever it could act. */
export interface WorldScript {
  /** How many decisions of a plan survive a crash of the driver; null: no crash. */
  readonly survivors: (decisions: readonly Decision[]) => number | null;
  /** What an operator does while it runs, earliest first. */
  readonly interventions: readonly {
    readonly at: number;
    readonly act: (record: RolloutRecord, now: number) => RolloutRecord;
  }[];
  /** Called when nothing else will happen but the rollout stands: what an operator makes of it; null: nothing. */
  readonly operate: (record: RolloutRecord, now: number) => RolloutRecord | null;
  /** Sees every plan as it was applied, with the records before and after. */
  readonly observe: (step: WorldStep) => void;
}

export interface WorldStep {
  readonly now: number;
  readonly before: RolloutRecord;
  readonly after: RolloutRecord;
  /** What was planned, and how many of it were applied. */
  readonly decisions: readonly Decision[];
  readonly applied: number;
  readonly facts: (agentId: string) => AgentFacts | null;
}

interface Report {
  readonly at: number;
  readonly target: Target;
  readonly event: TargetEvent;
}

interface World {
  now: number;
  record: RolloutRecord;
  reports: Report[];
  intervened: number;
  readonly agents: ReadonlyMap<string, AgentScript>;
  readonly versions: Map<string, string>;
  readonly rollbacks: Map<string, number>;
  readonly script: WorldScript;
}

const STAGES = ["downloading", "verifying", "staging", "restarting"] as const;
const ROUNDS_MAX = 20_000;

/** Runs a rollout over simulated agents in simulated time until nothing will ever happen; returns how it stands then. */
export function runRollout(
  rollout: Rollout,
  targets: readonly Target[],
  agents: readonly AgentScript[],
  script: WorldScript,
): { readonly record: RolloutRecord; readonly now: number } {
  const world: World = {
    now: START,
    record: { rollout, targets },
    reports: [],
    intervened: 0,
    agents: new Map(agents.map((agent) => [agent.id, agent])),
    versions: new Map(agents.map((agent) => [agent.id, agent.version])),
    rollbacks: new Map(),
    script,
  };
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    if (plan(world)) continue;
    const next = nextTime(world);
    if (next === null) {
      const operated = script.operate(world.record, world.now);
      if (operated === null) return world;
      world.record = operated;
    } else {
      world.now = next;
      deliver(world);
      intervene(world);
    }
  }
  throw new Error("the rollout never comes to rest");
}

/** Plans and applies once; whether anything was decided. */
function plan(world: World): boolean {
  const { now, record: before } = world;
  const facts = (agentId: string) => factsOf(world, agentId);
  const decisions = planRollout({
    ...before,
    agents: facts,
    now,
    listeningSince: 0,
    hoursChangeAt: hoursChangeAt(world),
  });
  if (decisions.length === 0) return false;
  const applied = world.script.survivors(decisions) ?? decisions.length;
  const survived = decisions.slice(0, applied);
  world.record = applyDecisions(before, survived, now);
  for (const decision of survived) if (decision.kind === "dispatch") begin(world, decision.targetId);
  world.script.observe({ now, before, after: world.record, decisions, applied, facts });
  return true;
}

/** Nobody reports that a window opens: planning must wake for it. */
function hoursChangeAt({ agents, now }: World): number | null {
  const changes = [...agents.values()].map(({ closedUntil }) => closedUntil).filter((at) => at > now);
  return changes.length === 0 ? null : Math.min(...changes);
}

function factsOf({ agents, versions, rollbacks, now }: World, agentId: string): AgentFacts | null {
  const agent = agents.get(agentId);
  if (!agent) return null;
  return {
    online: now < agent.away.from || now >= agent.away.to,
    version: versions.get(agentId) ?? null,
    busyElsewhere: now < agent.busyUntil,
    clockSkewMs: now < agent.skewedUntil ? -400_000 : 1000,
    hours: now < agent.closedUntil ? "outside_window" : "open",
    labels: labelsOf(agent),
    platform: agent.platform,
    diskShort: now < agent.fullUntil,
    rollbacks: rollbacks.get(agentId) ?? 0,
  };
}

function labelsOf({ rack }: AgentScript): Readonly<Record<string, string>> {
  return rack === null ? {} : { rack };
}

/** Queues all that the agent will report of a target that was just dispatched. */
function begin(world: World, targetId: string): void {
  const target = world.record.targets.find(({ id }) => id === targetId);
  const agent = target && world.agents.get(target.agentId);
  if (!target || !agent) return;
  let at = world.now;
  for (const stage of STAGES.slice(0, agent.reports)) {
    at += agent.stepMs;
    if (at >= agent.away.from && at < agent.away.to) continue;
    const event = { kind: "progress", stage, receivedBytes: at, totalBytes: 2 * at } as const;
    world.reports.push({ at, target, event });
  }
  const last = agent.endings.length - 1;
  const nth = target.purpose === "return" ? last : Math.min(target.attempt - 1, last);
  const ending = agent.endings[nth] ?? "healthy";
  if (ending === "silent") return;
  at += agent.stepMs;
  if (at >= agent.away.from && at < agent.away.to) at = agent.away.to;
  world.reports.push({ at, target, event: outcome(ending) });
}

function outcome(ending: "healthy" | "failed" | "rolled_back"): TargetEvent {
  if (ending === "healthy") return { kind: "outcome", result: "healthy" };
  return { kind: "outcome", result: ending, code: "PROBATION_CRASHED", message: "it crashed" };
}

/** The next moment at which anything can change by itself. */
function nextTime(world: World): number | null {
  const { rollout, targets } = world.record;
  const times = world.reports.map(({ at }) => at);
  const hours = { hoursChangeAt: hoursChangeAt(world) };
  const wake = nextWakeAt({ rollout, targets, now: world.now, listeningSince: 0, ...hours });
  if (wake !== null) times.push(wake);
  const intervention = world.script.interventions[world.intervened];
  if (intervention) times.push(Math.max(intervention.at, world.now));
  if (!isRolloutEnded(rollout.state)) {
    for (const { away, busyUntil, skewedUntil, fullUntil } of world.agents.values()) {
      times.push(...[away.from, away.to, busyUntil, skewedUntil, fullUntil].filter((at) => at > world.now));
    }
  }
  return times.length === 0 ? null : Math.min(...times);
}

function deliver(world: World): void {
  const due = world.reports.filter(({ at }) => at <= world.now);
  world.reports = world.reports.filter(({ at }) => at > world.now);
  for (const { target, event } of due) {
    const targets = world.record.targets.map((current) =>
      current.id === target.id ? changeTarget(current, event, world.now) : current,
    );
    world.record = { ...world.record, targets };
    if (event.kind === "outcome" && event.result === "rolled_back" && target.purpose === "update") {
      world.rollbacks.set(target.agentId, (world.rollbacks.get(target.agentId) ?? 0) + 1);
    }
    if (event.kind === "outcome" && event.result === "healthy") {
      world.versions.set(target.agentId, target.toVersion);
    }
  }
}

function intervene(world: World): void {
  for (
    let next = world.script.interventions[world.intervened];
    next && next.at <= world.now;
    next = world.script.interventions[world.intervened]
  ) {
    world.record = next.act(world.record, world.now);
    world.intervened += 1;
  }
}
