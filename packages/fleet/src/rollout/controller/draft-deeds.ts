import type { Rollout, RolloutVerb } from "@muster/core";
import { SYSTEM_ACTOR } from "../../audit/audit.ts";
import type { AuditDeed, AuditDetails, AuditEntry } from "../../audit/ports.ts";
import type { RolloutDraft } from "./draft.ts";
import type { NewRollout } from "./write-draft.ts";

/** What Muster itself has done to a rollout when the draft is committed, for the audit log. Pure. */
export function deedsOfDraft({ before, rollout }: RolloutDraft): AuditEntry[] {
  const action = actionOf(before.rollout, rollout);
  if (action === null) return [];
  const { state, spec, touchedAtHalt } = rollout;
  const details: AuditDetails = {
    product: spec.product,
    version: spec.version,
    ...(state.kind === "paused" && { cause: state.cause, touchedAtHalt }),
    ...(state.kind === "failed" && { code: state.code, message: state.message }),
  };
  return [
    { actor: SYSTEM_ACTOR, action, resource: { kind: "rollout", id: rollout.id }, details, from: null },
  ];
}

function actionOf(before: Rollout, { state }: Rollout): string | null {
  if (state.kind === before.state.kind) return null;
  switch (state.kind) {
    case "paused":
      // The operator who pauses it is recorded as that.
      return state.cause === "operator" ? null : "group.upgrade.paused";
    case "completed":
      return "group.upgrade.complete";
    case "failed":
      return "group.upgrade.failed";
    case "rolling_back":
      return "group.upgrade.roll_back";
    case "rolled_back":
      return "group.upgrade.rolled_back";
    case "scheduled":
    case "running":
    case "canceled":
      return null;
  }
}

/** What an operator does to a rollout. */
export function deedOfVerb(rolloutId: string, verb: RolloutVerb): AuditDeed {
  return { action: `rollout.${verb}`, resource: { kind: "rollout", id: rolloutId } };
}

/** Agents that get a record of their own; of a longer list the rollout's record says how many there are. */
const AGENTS_MAX = 100;

/** What somebody does who makes a rollout: to the rollout, and to each agent that it names, or to the group. */
export function deedsOfCreation({ rollout, targets }: NewRollout): AuditDeed[] {
  const { product, version, cohort, strategy, priority, startAt } = rollout.spec;
  const plan = { product, version, rollout: rollout.id };
  const resource = { kind: "rollout", id: rollout.id };
  const details = { product, version, cohort: cohort.kind, strategy: strategy.kind, priority, startAt };
  const created = { action: "rollout.create", resource, details: { ...details, targets: targets.length } };
  if (cohort.kind === "agents" && targets.length <= AGENTS_MAX) {
    const requests = targets.map(({ agentId, fromVersion }) => ({
      action: "node.upgrade.request",
      resource: { kind: "agent", id: agentId },
      details: { ...plan, fromVersion },
    }));
    return [created, ...requests];
  }
  const group = cohort.kind === "group" ? { kind: "group", id: cohort.id } : resource;
  const scheduled = { ...plan, targets: targets.length, startAt };
  return [created, { action: "group.upgrade.schedule", resource: group, details: scheduled }];
}
