import type { Decision, PlanInput } from "../rollout/decision.ts";
import { planRollout } from "../rollout/plan-rollout.ts";
import type { Reason } from "../rollout/reason.ts";
import type { AgentFacts, Rollout, RolloutSpec, Strategy, Target } from "../rollout/rollout.ts";
import { applyDecisions } from "./apply-decisions.ts";
import { aRollout, aSpec, aTarget, aWave, someFacts, START } from "./rollout-fixtures.ts";

/** What a plan is made for, as far as it differs from a running rollout with one open wave of able agents at START. */
export interface Situation {
  readonly spec?: Partial<RolloutSpec>;
  readonly rollout?: Partial<Rollout>;
  readonly targets: readonly Target[];
  readonly agents?: Readonly<Record<string, Partial<AgentFacts> | null>>;
  /** Milliseconds after START. */
  readonly after?: number;
  readonly listeningSince?: number;
}

export const RUNNING = { kind: "running" } as const;
export const HEALTHY = { kind: "healthy" } as const;
export const FAILED = { kind: "failed", code: "PROBATION_CRASHED", message: "it crashed" } as const;

export function planInput(situation: Situation): PlanInput {
  const { spec, rollout, targets, agents = {}, after = 0, listeningSince = 0 } = situation;
  const waves = [aWave(0, { kind: "open" })];
  return {
    rollout: aRollout({ state: RUNNING, waves, spec: aSpec(spec), ...rollout }),
    targets,
    agents: (id) => (agents[id] === null ? null : someFacts(agents[id])),
    now: START + after,
    listeningSince,
    hoursChangeAt: null,
  };
}

/** What is decided, without the reasons. */
export function movesOf(situation: Situation): readonly Decision[] {
  return planRollout(planInput(situation)).filter(({ kind }) => !/^set_.*_reason$/.test(kind));
}

/** Ids of the targets that are dispatched. */
export function dispatchedIn(situation: Situation): readonly string[] {
  return movesOf(situation).flatMap((d) => (d.kind === "dispatch" ? [d.targetId] : []));
}

/** The reasons as they are after the plan. */
export function reasonsAfter(situation: Situation): {
  readonly targets: readonly (Reason | null)[];
  readonly waves: readonly (Reason | null)[];
  readonly rollout: Reason | null;
} {
  const before = planInput(situation);
  const after = applyDecisions(before, planRollout(before), before.now);
  return {
    targets: after.targets.map(({ reason }) => reason),
    waves: after.rollout.waves.map(({ reason }) => reason),
    rollout: after.rollout.reason,
  };
}

/** A specification with waves, without settle time and approval unless told. */
export function inWaves(change: Partial<Extract<Strategy, { kind: "waves" }>> = {}): Partial<RolloutSpec> {
  return {
    strategy: { kind: "waves", waves: [{ percent: 100 }], settleMs: 0, approval: "automatic", ...change },
  };
}

/** Pending targets of the first wave. */
export function pending(...agentIds: readonly string[]): readonly Target[] {
  return agentIds.map((id) => aTarget(id));
}

/** A pending target of the second wave. */
export function second(agentId: string): Target {
  return aTarget(agentId, { kind: "pending" }, { wave: 1 });
}
