import { type LabelTerm, parseLabelExpression } from "@muster/core";
import { type Expression, type ExpressionBuilder, type SqlBool, sql } from "kysely";
import { type Hearing, isSilent } from "../rollout/target-groups.ts";
import type { Tables } from "../store/schema.ts";
import type { AgentQuery } from "./ports.ts";

type OnAgents = ExpressionBuilder<Tables, "agents">;

/** The conditions of a list of agents. Throws `ROLLOUT_COHORT_INVALID` for a label expression that cannot be read. */
export function agentConditions(eb: OnAgents, query: AgentQuery, hearing: Hearing): Expression<SqlBool> {
  const { product, version, os, arch, search, labels, state, attention, online } = query;
  const conditions: Expression<SqlBool>[] = [
    eb("revoked_at", query.revoked === "true" ? "is not" : "is", null),
  ];
  if (product !== undefined) conditions.push(eb("product", "=", product));
  if (version !== undefined) conditions.push(eb("version", "=", version));
  if (os !== undefined) conditions.push(eb("os", "=", os));
  if (arch !== undefined) conditions.push(eb("arch", "=", arch));
  if (online !== undefined) conditions.push(eb("connected_at", online === "true" ? "is not" : "is", null));
  if (search !== undefined) conditions.push(contains(search));
  if (state !== undefined) conditions.push(hasLatestTarget(eb, [state]));
  if (attention !== undefined) conditions.push(NEEDS_ATTENTION[attention](eb, hearing));
  if (labels !== undefined) {
    for (const term of parseLabelExpression(labels)) conditions.push(meets(eb, term));
  }
  return eb.and(conditions);
}

/** States of a latest target that an operator should look at. */
export const FAILED_STATES = ["failed", "rolled_back"] as const;

type Attention = NonNullable<AgentQuery["attention"]>;

const NEEDS_ATTENTION: Readonly<Record<Attention, (eb: OnAgents, hearing: Hearing) => Expression<SqlBool>>> =
  {
    failed: (eb) => hasLatestTarget(eb, FAILED_STATES),
    stuck: (eb, hearing) => {
      const joined = latestTargets(eb).innerJoin("rollouts", "rollouts.id", "targets.rollout_id");
      return eb("agents.id", "in", joined.where(isSilent(hearing)));
    },
    unknown_version: (eb) => eb("version", "is", null),
  };

function hasLatestTarget(eb: OnAgents, states: readonly string[]): Expression<SqlBool> {
  return eb("agents.id", "in", latestTargets(eb).where("targets.state", "in", states));
}

function latestTargets(eb: OnAgents) {
  return eb
    .selectFrom("targets")
    .select("targets.agent_id")
    .where("targets.latest", "=", (on) => on.lit(1));
}

/** In any case, with the pattern's own signs taken as they are. */
function contains(search: string): Expression<SqlBool> {
  const pattern = `%${search.toLowerCase().replaceAll(/[\\%_]/g, String.raw`\$&`)}%`;
  const escape = sql.lit("\\");
  return sql<SqlBool>`(lower(agents.hostname) like ${pattern} escape ${escape} or lower(agents.id) like ${pattern} escape ${escape})`;
}

const BUILT_IN = ["os", "arch", "product", "version"] as const;

/** One term of a label expression, by core's rules: `differs` is met also by an agent without the label. */
function meets(eb: OnAgents, term: LabelTerm): Expression<SqlBool> {
  const has = BUILT_IN.some((name) => name === term.key) ? hasColumn(term) : hasLabel(eb, term);
  return term.kind === "differs" || term.kind === "absent" ? eb.not(has) : has;
}

function hasColumn(term: LabelTerm): Expression<SqlBool> {
  const column = sql.ref(`agents.${term.key}`);
  return "value" in term
    ? sql<SqlBool>`(${column} is not distinct from ${term.value})`
    : sql<SqlBool>`(${column} is not null)`;
}

function hasLabel(eb: OnAgents, term: LabelTerm): Expression<SqlBool> {
  const labels = eb
    .selectFrom("agent_labels")
    .select("agent_labels.key")
    .whereRef("agent_labels.agent_id", "=", "agents.id")
    .where("agent_labels.key", "=", term.key);
  return eb.exists("value" in term ? labels.where("agent_labels.value", "=", term.value) : labels);
}
