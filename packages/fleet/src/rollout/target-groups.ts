import { TARGET_STAGES, TARGET_TRANSITIONS, type Target, targetGroup, type TargetState } from "@muster/core";
import { type Expression, type SqlBool, sql } from "kysely";
import type { TargetGroup } from "./ports.ts";

const STATE_KINDS = Object.keys(TARGET_TRANSITIONS) as TargetState["kind"][];
const PURPOSES = ["update", "return"] as const satisfies readonly Target["purpose"][];

/** The group that a standing target counts in, from its columns. */
export function groupOf(purpose: string, state: string): Exclude<TargetGroup, "silent"> {
  // Only the kinds decide; the columns hold no others.
  return targetGroup({ purpose, state: { kind: state } } as Pick<Target, "purpose" | "state">);
}

/** Since when the control plane hears agents, and what time it is: what silence is measured with. */
export interface Hearing {
  readonly now: number;
  readonly listeningSince: number;
}

/** Which rows of `targets`, joined with `rollouts`, are in a group. The same rules as core's, in SQL. */
export function isInGroup(group: TargetGroup, hearing: Hearing): Expression<SqlBool> {
  if (group === "silent") return isSilent(hearing);
  const alternatives = PURPOSES.map((purpose) => {
    const states = STATE_KINDS.filter((state) => groupOf(purpose, state) === group);
    if (states.length === 0) return sql<SqlBool>`(1 = 0)`;
    return sql<SqlBool>`(targets.purpose = ${purpose} and targets.state in (${sql.join(states)}))`;
  });
  return sql<SqlBool>`(${sql.join(alternatives, sql` or `)})`;
}

/** Whether a row of `targets`, joined with `rollouts`, is under way and silent; see core's `isSilent`. */
export function isSilent({ now, listeningSince }: Hearing): Expression<SqlBool> {
  const allowed = sql`(rollouts.silent_after_ms + case when targets.state = 'restarting' then rollouts.steadying_ms else 0 end)`;
  return sql<SqlBool>`(targets.state in (${sql.join([...TARGET_STAGES])})
    and targets.progress_at + ${allowed} <= ${now} and ${listeningSince} + ${allowed} <= ${now})`;
}
