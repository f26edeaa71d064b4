import type { Reason } from "../reason.ts";
import type { AgentFacts, Target } from "../rollout.ts";
import type { Draft, Ready } from "./draft.ts";

/** The agent's value of the spread limit's label; null: it is not limited. */
export function spreadValueOf({ input }: Draft, facts: AgentFacts | null): string | null {
  const { spread } = input.rollout.spec;
  return spread === null ? null : (facts?.labels[spread.label] ?? null);
}

/** Counts a target that is under way toward the limits. */
export function noteUnderWay(draft: Draft, target: Target): void {
  draft.underWay += 1;
  if (target.state.kind === "dispatched" || target.state.kind === "downloading") draft.downloading += 1;
  if (draft.input.rollout.spec.spread === null) return;
  noteSpread(draft, spreadValueOf(draft, draft.input.agents(target.agentId)));
}

/** Counts a target that is dispatched by this plan. */
export function noteDispatched(draft: Draft, { spreadValue }: Ready): void {
  draft.underWay += 1;
  draft.downloading += 1;
  noteSpread(draft, spreadValue);
}

/** Why a ready target waits for a limit of its own; null: it could be dispatched as far as those go. */
export function limitReason(draft: Draft, { spreadValue }: Ready): Reason | null {
  const { spread, maxDownloads } = draft.input.rollout.spec;
  if (spread !== null && spreadValue !== null && (draft.spread.get(spreadValue) ?? 0) >= spread.max) {
    return "spread";
  }
  return maxDownloads !== null && draft.downloading >= maxDownloads ? "bandwidth" : null;
}

/** Why a ready target that was not dispatched waits. */
export function readyReason(draft: Draft, ready: Ready): Reason {
  return limitReason(draft, ready) ?? draft.shortOf;
}

function noteSpread(draft: Draft, value: string | null): void {
  if (value !== null) draft.spread.set(value, (draft.spread.get(value) ?? 0) + 1);
}
