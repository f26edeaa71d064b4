import { type AgentFacts, isDiskShort, isUnderWay, type Rollout } from "@muster/core";
import type { Roster } from "../../agents/roster.ts";
import type { SizeByPlatform } from "../artifact-sizes.ts";
import type { HostPasts } from "../host-pasts.ts";
import type { HoursAt } from "../../schedule/window-calendar.ts";
import type { Book, OpenTarget } from "./book.ts";

export interface FactSources {
  readonly book: Book;
  readonly rollout: Rollout;
  readonly hours: HoursAt;
  readonly pasts: HostPasts;
  /** Of the rollout's release. */
  readonly sizes: SizeByPlatform;
  /** Whether the agent is not in the rollout's cohort any more. */
  readonly hasLeft: (agentId: string) => boolean;
}

/** What the planner may know of agents for one rollout; null for one that is revoked or gone. */
export function agentFacts(
  roster: Roster,
  { book, rollout, hours, pasts, sizes, hasLeft }: FactSources,
): (agentId: string) => AgentFacts | null {
  return (agentId) => {
    const entry = roster.get(agentId);
    if (!entry || entry.revoked) return null;
    return {
      online: entry.connectedAt !== null,
      version: entry.version,
      busyElsewhere: book.ofAgent(agentId).some((other) => takesPrecedence(other, rollout)),
      clockSkewMs: entry.clockSkewMs,
      hours: hours.of(entry.timeZone),
      labels: entry.labels,
      platform: entry.platform,
      diskShort: isDiskShort(entry.diskFreeBytes, sizes.get(entry.platform)),
      rollbacks: pasts.rollbacksOf(agentId, rollout.spec),
      hasLeft: hasLeft(agentId),
    };
  };
}

/** Whether another rollout's target keeps this rollout's waiting. What is under way always does. */
function takesPrecedence({ open, target }: OpenTarget, rollout: Rollout): boolean {
  const other = open.rollout;
  if (other.id === rollout.id) return false;
  if (isUnderWay(target.state)) return true;
  const isWaiting = target.state.kind === "pending" && isMoving(other);
  if (!isWaiting) return false;
  if (other.spec.priority !== rollout.spec.priority) return other.spec.priority === "emergency";
  // Of two emergencies the newer knows more; of two others the older was there first. Ids sort by age.
  return other.spec.priority === "emergency" ? other.id > rollout.id : other.id < rollout.id;
}

function isMoving({ state }: Rollout): boolean {
  return state.kind === "running" || state.kind === "rolling_back";
}
