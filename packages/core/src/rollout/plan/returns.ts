import type { Target } from "../rollout.ts";
import { dispatchReturns } from "./dispatch.ts";
import { waitingIn, type Draft } from "./draft.ts";
import { sortPending } from "./readiness.ts";

/** Brings the updated agents back to their version before, and ends the rollout when all are. */
export function returnUpdated(draft: Draft): void {
  const { added, stranded } = addReturns(draft);
  sortPending(draft, draft.returns);
  dispatchReturns(draft);
  if (added > 0 || draft.underWay > 0 || waitingIn(draft.returns) > 0) return;
  const left = stranded + draft.returns.failed;
  if (left === 0) {
    draft.state = { kind: "rolled_back" };
    draft.decisions.push({ kind: "finish_rolled_back" });
    return;
  }
  const message = `${left} of ${stranded + draft.returns.size} updated agents did not return`;
  draft.state = { kind: "failed", code: "ROLLOUT_RETURN_INCOMPLETE", message };
  draft.decisions.push({ kind: "fail", code: "ROLLOUT_RETURN_INCOMPLETE", message });
}

/** A return for each agent that runs the new version and has none; `stranded` have no version to go back to. */
function addReturns(draft: Draft): { readonly added: number; readonly stranded: number } {
  const returning = new Set<string>();
  for (const target of draft.latest) if (target.purpose === "return") returning.add(target.agentId);
  let added = 0;
  let stranded = 0;
  for (const target of draft.latest) {
    if (target.purpose === "return" || returning.has(target.agentId) || !isUpdated(draft, target)) continue;
    const { agentId, wave, fromVersion: toVersion, toVersion: fromVersion } = target;
    if (toVersion === null || toVersion === fromVersion) {
      stranded += 1;
    } else {
      draft.decisions.push({ kind: "add_return", agentId, wave, fromVersion, toVersion });
      added += 1;
    }
  }
  return { added, stranded };
}

/** Whether the agent runs the rollout's version now; one that timed out can have got there without saying so. */
function isUpdated(draft: Draft, target: Target): boolean {
  if (target.state.kind === "healthy") return true;
  const failed = target.state.kind === "failed" || draft.expired.has(target.id);
  return failed && draft.input.agents(target.agentId)?.version === target.toVersion;
}
