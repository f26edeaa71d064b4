import type { OutcomeResult } from "@muster/core";
import type { Activity, AgentState } from "../agent/agent-state.ts";

/** A fleet in numbers. */
export interface Census {
  readonly agents: number;
  readonly enrolled: number;
  readonly online: number;
  /** Gone for good, as their profile wants it. */
  readonly gone: number;
  /** Updates that ended so. */
  readonly healthy: number;
  readonly failed: number;
  readonly rolledBack: number;
  /** Agents by what they do; `gone` ones do nothing. */
  readonly activities: Readonly<Record<Activity["kind"], number>>;
  /** Agents by the version they run. */
  readonly versions: Readonly<Record<string, number>>;
  /** Codes of what did not go well, and how often. */
  readonly troubles: Readonly<Record<string, number>>;
}

/** What is counted as it happens. */
export interface Tally {
  readonly ended: Record<OutcomeResult, number>;
  readonly troubles: Record<string, number>;
}

export function newTally(): Tally {
  return { ended: { healthy: 0, failed: 0, rolled_back: 0 }, troubles: {} };
}

const ACTIVITIES: Census["activities"] = {
  idle: 0,
  downloading: 0,
  verifying: 0,
  staging: 0,
  restarting: 0,
  probation: 0,
  returning: 0,
};

export function takeCensus(states: readonly AgentState[], agents: number, tally: Tally): Census {
  const activities = { ...ACTIVITIES };
  const versions: Record<string, number> = {};
  let online = 0;
  let gone = 0;
  for (const { link, activity, version } of states) {
    if (link.kind === "up") online += 1;
    if (link.kind === "gone") gone += 1;
    else activities[activity.kind] += 1;
    versions[version] = (versions[version] ?? 0) + 1;
  }
  const troubles = { ...tally.troubles };
  return {
    agents,
    enrolled: states.length,
    online,
    gone,
    activities,
    healthy: tally.ended.healthy,
    failed: tally.ended.failed,
    rolledBack: tally.ended.rolled_back,
    versions,
    troubles,
  };
}

/** The sum of fleets that do not overlap. */
export function addCensuses(parts: readonly Census[]): Census {
  const [first = takeCensus([], 0, newTally()), ...rest] = parts;
  return rest.reduce((sum, part) => add(sum, part), first);
}

function add(left: Census, right: Census): Census {
  return {
    agents: left.agents + right.agents,
    enrolled: left.enrolled + right.enrolled,
    online: left.online + right.online,
    gone: left.gone + right.gone,
    healthy: left.healthy + right.healthy,
    failed: left.failed + right.failed,
    rolledBack: left.rolledBack + right.rolledBack,
    activities: addRecords(left.activities, right.activities),
    versions: addRecords(left.versions, right.versions),
    troubles: addRecords(left.troubles, right.troubles),
  };
}

function addRecords<K extends string>(
  left: Readonly<Record<K, number>>,
  right: Readonly<Record<K, number>>,
): Record<K, number> {
  const sum: Record<K, number> = { ...left };
  for (const [name, count] of Object.entries<number>(right)) {
    const key = name as K;
    sum[key] = (sum[key] ?? 0) + count;
  }
  return sum;
}
