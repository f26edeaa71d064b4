import { CLUSTER_MIN, clusteredSlices, type EndedAgent, slicesOf } from "../quarantine.ts";
import type { AgentFacts, Target } from "../rollout.ts";
import type { Draft } from "./draft.ts";

/** Finds the slices in which rollbacks cluster: what is pending there is held from now on. */
export function holdSlices(draft: Draft): void {
  const { quarantine } = draft.input.rollout;
  const slices = clusters(draft);
  for (const slice of slices) draft.slices.add(slice);
  const isSame =
    slices.length === quarantine.slices.length && slices.every((s, i) => s === quarantine.slices[i]);
  if (!isSame) draft.decisions.push({ kind: "hold_slices", slices });
}

/** Whether an agent is in a slice that is held. */
export function isInHeldSlice({ slices, input }: Draft, facts: AgentFacts): boolean {
  return slices.size > 0 && slicesOf(facts, input.rollout.spec).some((slice) => slices.has(slice));
}

function clusters(draft: Draft): readonly string[] {
  const { forgivenBefore } = draft.input.rollout.quarantine;
  const ended = draft.latest.filter((target) => hasEnded(target) && target.since >= forgivenBefore);
  // Asking for the agents of all that ended is only worth it where there can be a cluster.
  if (ended.filter(isRolledBack).length < CLUSTER_MIN) return [];
  const agents = ended.flatMap((target): EndedAgent[] => {
    const facts = draft.input.agents(target.agentId);
    if (facts === null) return [];
    return [{ slices: slicesOf(facts, draft.input.rollout.spec), rolledBack: isRolledBack(target) }];
  });
  return clusteredSlices(agents);
}

function hasEnded({ purpose, state }: Target): boolean {
  if (purpose !== "update") return false;
  return state.kind === "healthy" || state.kind === "failed" || state.kind === "rolled_back";
}

function isRolledBack({ state }: Target): boolean {
  return state.kind === "rolled_back";
}
