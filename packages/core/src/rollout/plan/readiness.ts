import { compareVersions, type Version } from "../../release/version.ts";
import type { ErrorCode } from "../../errors.ts";
import { offlineExpiryOf } from "../deadlines.ts";
import { isHostQuarantined } from "../quarantine.ts";
import type { Reason } from "../reason.ts";
import type { AgentFacts, Target } from "../rollout.ts";
import type { Draft, Group } from "./draft.ts";
import { isInHeldSlice } from "./slices.ts";
import { spreadValueOf } from "./limits.ts";

/** A host whose clock is further off than this gets no update, in milliseconds. */
export const CLOCK_SKEW_LIMIT_MS = 5 * 60_000;

/** Asks for the agents of a group's pending targets, once, and sorts them into ready and held. */
export function sortPending(draft: Draft, group: Group): void {
  for (const target of group.pending) sortOne(draft, group, target);
  group.pending = [];
}

function sortOne(draft: Draft, group: Group, target: Target): void {
  const facts = draft.input.agents(target.agentId);
  if (facts === null || isNeedless(draft, target, facts.version)) {
    const kind = facts === null ? "cancel_target" : "supersede_target";
    draft.decisions.push({ kind, targetId: target.id });
    group.ended += 1;
    return;
  }
  if (target.purpose === "update" && isHostQuarantined(facts.rollbacks)) {
    const message = `The host has rolled this release back ${facts.rollbacks} times`;
    drop(draft, group, { target, code: "TARGET_QUARANTINED", message });
    return;
  }
  const reason = sliceReason(draft, target, facts) ?? holdReason(facts) ?? updateReason(facts, target);
  if (reason === "offline" && isExpired(draft, target)) {
    drop(draft, group, { target, code: "TARGET_OFFLINE_EXPIRED", message: OFFLINE_EXPIRED });
    return;
  }
  if (reason === null) {
    group.ready.push({ target, fromVersion: facts.version, spreadValue: spreadValueOf(draft, facts) });
    return;
  }
  const held = group.held.get(reason);
  if (held) held.push(target);
  else group.held.set(reason, [target]);
}

const OFFLINE_EXPIRED = "The agent was not connected for as long as the rollout waits for it";

/** Whether the rollout waits no longer for an agent that is away. A return waits for as long as it takes. */
function isExpired({ input, waves }: Draft, target: Target): boolean {
  if (target.purpose === "return") return false;
  const at = offlineExpiryOf(target, waves[target.wave]?.openedAt ?? input.now, input.rollout.spec);
  return at !== null && input.now >= at;
}

function drop(
  draft: Draft,
  group: Group,
  { target, code, message }: { readonly target: Target; readonly code: ErrorCode; readonly message: string },
): void {
  draft.decisions.push({ kind: "cancel_target", targetId: target.id, code, message });
  group.ended += 1;
  group.dropped += 1;
}

/** Whether the agent is where the target would bring it, or has gone elsewhere by another rollout meanwhile. */
function isNeedless({ input }: Draft, { purpose, fromVersion, toVersion }: Target, version: Version | null) {
  if (version === null || version === toVersion) return version === toVersion;
  if (purpose === "return") return version !== fromVersion;
  return !input.rollout.spec.allowDowngrade && compareVersions(toVersion, version) < 0;
}

/** The way back is open to every slice. */
function sliceReason(draft: Draft, { purpose }: Target, facts: AgentFacts): Reason | null {
  return purpose === "update" && isInHeldSlice(draft, facts) ? "quarantined" : null;
}

/** What holds an update alone: the way back is open at any hour, and its files are on the host. */
function updateReason({ hours, diskShort }: AgentFacts, { purpose }: Target): Reason | null {
  if (purpose === "return") return null;
  if (hours !== "open") return hours;
  return diskShort ? "disk_short" : null;
}

function holdReason(facts: AgentFacts): Reason | null {
  if (!facts.online) return "offline";
  if (facts.busyElsewhere) return "other_rollout";
  return Math.abs(facts.clockSkewMs ?? 0) > CLOCK_SKEW_LIMIT_MS ? "clock_skew" : null;
}
