import {
  type FilterCondition,
  type FilterFlag,
  isVersion,
  MusterError,
  type Pattern,
  TARGET_STAGES,
  versionRange,
} from "@muster/core";
import { type Expression, type ExpressionBuilder, type SqlBool, sql } from "kysely";
import { type Hearing, isSilent } from "../rollout/target-groups.ts";
import type { Tables } from "../store/schema.ts";
import type { AgentQuery } from "./ports.ts";
import { versionKey } from "./version-key.ts";

export type OnAgents = ExpressionBuilder<Tables, "agents">;

/** What a condition's meaning depends on besides the agents. */
export interface FilterContext {
  readonly hearing: Hearing;
  /** Who is in the group with this name or id; null: there is none. */
  readonly membersOf: (eb: OnAgents, group: string) => Expression<SqlBool> | null;
}

/** States of a latest target that an operator should look at. */
export const FAILED_STATES = ["failed", "rolled_back"] as const;
/** States of a target that is under way or waiting. */
export const UNENDED_STATES = ["pending", ...TARGET_STAGES] as const;

type Attention = NonNullable<AgentQuery["attention"]>;

export const NEEDS_ATTENTION: Readonly<
  Record<Attention, (eb: OnAgents, hearing: Hearing) => Expression<SqlBool>>
> = {
  failed: (eb) => hasLatestTarget(eb, FAILED_STATES),
  stuck: (eb, hearing) => {
    const joined = latestTargets(eb).innerJoin("rollouts", "rollouts.id", "targets.rollout_id");
    return eb("agents.id", "in", joined.where(isSilent(hearing)));
  },
  unknown_version: (eb) => eb("version", "is", null),
};

/**
 * One condition of a filter, by core's rules and in two values only: a column without a value meets nothing, and so meets
 * the negation. Throws `GROUP_NOT_FOUND`.
 */
export function conditionSql(
  eb: OnAgents,
  condition: FilterCondition,
  context: FilterContext,
): Expression<SqlBool> {
  switch (condition.kind) {
    case "word":
      return containsWord(condition.text);
    case "text":
      return isPattern(sql.ref(`agents.${condition.field}`), condition.is);
    case "label":
      return hasLabel(eb, condition);
    case "version":
      return isVersionIn(eb, condition);
    case "version_unknown":
      return eb("version", "is", null);
    case "state":
      return condition.state === "none"
        ? eb("agents.id", "not in", latestTargets(eb))
        : hasLatestTarget(eb, [condition.state]);
    case "target":
      return eb(
        "agents.id",
        "in",
        latestTargets(eb)
          .where("targets.state", "in", UNENDED_STATES)
          .where("targets.to_version", "=", condition.version),
      );
    case "is":
      return FLAGS[condition.flag](eb, context.hearing);
    case "age":
      return isOfAge(eb, condition, context.hearing);
    case "never_seen":
      return eb("last_seen_at", "is", null);
    case "group": {
      const members = context.membersOf(eb, condition.group);
      if (members === null) throw new MusterError("GROUP_NOT_FOUND", { group: condition.group });
      return members;
    }
  }
}

export const isRevoked = (eb: OnAgents): Expression<SqlBool> => eb("revoked_at", "is not", null);

const FLAGS: Readonly<Record<FilterFlag, (eb: OnAgents, hearing: Hearing) => Expression<SqlBool>>> = {
  online: (eb) => eb("connected_at", "is not", null),
  revoked: isRevoked,
  failed: NEEDS_ATTENTION.failed,
  stuck: NEEDS_ATTENTION.stuck,
};

export function hasLatestTarget(eb: OnAgents, states: readonly string[]): Expression<SqlBool> {
  return eb("agents.id", "in", latestTargets(eb).where("targets.state", "in", states));
}

function latestTargets(eb: OnAgents) {
  return eb
    .selectFrom("targets")
    .select("targets.agent_id")
    .where("targets.latest", "=", (on) => on.lit(1));
}

const ESCAPE = sql.lit("\\");

/** Part of the hostname or the id, in any case, with the pattern's own signs taken as they are. */
export function containsWord(word: string): Expression<SqlBool> {
  const pattern = `%${escaped(word)}%`;
  return sql<SqlBool>`(lower(agents.hostname) like lower(${pattern}) escape ${ESCAPE} or lower(agents.id) like lower(${pattern}) escape ${ESCAPE})`;
}

function isPattern(column: Expression<unknown>, is: Pattern): Expression<SqlBool> {
  if (is.length === 1) return sql<SqlBool>`(${column} = ${is[0] ?? ""})`;
  const pattern = is.map(escaped).join("%");
  return sql<SqlBool>`(lower(${column}) like lower(${pattern}) escape ${ESCAPE})`;
}

function escaped(text: string): string {
  return text.replaceAll(/[\\%_]/g, String.raw`\$&`);
}

/**
 * Exact labels are looked for in the agent's own text, `{"key":"value"}` in canonical form: no sign of JSON can be part of
 * a key or a value, and nothing else has to be read. PostgreSQL calls this function strpos.
 */
function hasLabel(
  eb: OnAgents,
  { key, is }: Extract<FilterCondition, { readonly kind: "label" }>,
): Expression<SqlBool> {
  if (is === null || is.length === 1) {
    const text = is === null ? `"${key}":` : `"${key}":"${is[0] ?? ""}"`;
    return sql<SqlBool>`(instr(agents.labels_json, ${text}) > 0)`;
  }
  const labels = eb
    .selectFrom("agent_labels")
    .select("agent_labels.key")
    .whereRef("agent_labels.agent_id", "=", "agents.id")
    .where("agent_labels.key", "=", key)
    .where(isPattern(sql.ref("agent_labels.value"), is));
  return eb.exists(labels);
}

function isVersionIn(
  eb: OnAgents,
  condition: Extract<FilterCondition, { readonly kind: "version" }>,
): Expression<SqlBool> {
  if (condition.op === "=" && isVersion(condition.version))
    return eb("version", "is not distinct from", condition.version);
  const { from, to } = versionRange(condition);
  // The key of no version is empty.
  const bounds: Expression<SqlBool>[] = [eb("version_key", ">", "")];
  if (from !== null) bounds.push(eb("version_key", from.inclusive ? ">=" : ">", versionKey(from.version)));
  if (to !== null) bounds.push(eb("version_key", to.inclusive ? "<=" : "<", versionKey(to.version)));
  return eb.and(bounds);
}

function isOfAge(
  eb: OnAgents,
  { of, op, ms }: Extract<FilterCondition, { readonly kind: "age" }>,
  { now }: Hearing,
): Expression<SqlBool> {
  const border = now - ms;
  if (of === "enrolled") return eb("enrolled_at", op === "<" ? ">" : "<", border);
  return op === "<"
    ? eb.and([eb("last_seen_at", "is not", null), eb("last_seen_at", ">", border)])
    : eb.or([eb("last_seen_at", "is", null), eb("last_seen_at", "<", border)]);
}
