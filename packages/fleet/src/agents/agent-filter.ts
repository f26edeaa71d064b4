import {
  conditionsOf,
  type Filter,
  type FilterCondition,
  isEvery,
  isJoined,
  isNot,
  parseFilter,
  parseLabelExpression,
} from "@muster/core";
import type { Expression, SqlBool } from "kysely";
import {
  conditionSql,
  containsWord,
  type FilterContext,
  isRevoked,
  NEEDS_ATTENTION,
  type OnAgents,
} from "./condition-sql.ts";
import type { AgentQuery } from "./ports.ts";

/** A filter as a condition on `agents`, by core's rules. Throws `GROUP_NOT_FOUND`. */
export function filterSql(eb: OnAgents, filter: Filter, context: FilterContext): Expression<SqlBool> {
  if (isEvery(filter)) return eb.and([]);
  if (isNot(filter)) return eb.not(filterSql(eb, filter.of, context));
  if (!isJoined(filter)) return conditionSql(eb, filter, context);
  const parts = filter.of.map((part) => filterSql(eb, part, context));
  return filter.kind === "and" ? eb.and(parts) : eb.or(parts);
}

/**
 * The conditions of a list of agents. Revoked ones are left out unless they are asked for. Throws `FILTER_INVALID`,
 * `GROUP_NOT_FOUND`, and `ROLLOUT_COHORT_INVALID` for a label expression that cannot be read.
 */
export function agentConditions(
  eb: OnAgents,
  query: Omit<AgentQuery, "limit">,
  context: FilterContext,
): Expression<SqlBool> {
  const { product, version, os, arch, search, labels, state, attention, online } = query;
  const filter = parseFilter(query.filter ?? "");
  const conditions: Expression<SqlBool>[] = [];
  if (query.revoked === "true") conditions.push(isRevoked(eb));
  else if (query.revoked === "false" || !conditionsOf(filter).some(asksForRevoked))
    conditions.push(eb("revoked_at", "is", null));
  if (product !== undefined) conditions.push(eb("product", "=", product));
  if (version !== undefined) conditions.push(eb("version", "=", version));
  if (os !== undefined) conditions.push(eb("os", "=", os));
  if (arch !== undefined) conditions.push(eb("arch", "=", arch));
  if (online !== undefined) conditions.push(eb("connected_at", online === "true" ? "is not" : "is", null));
  if (search !== undefined) conditions.push(containsWord(search));
  if (state !== undefined)
    conditions.push(conditionSql(eb, { kind: "state", state: state as "failed" }, context));
  if (attention !== undefined) conditions.push(NEEDS_ATTENTION[attention](eb, context.hearing));
  if (labels !== undefined) conditions.push(filterSql(eb, parseLabelExpression(labels), context));
  if (!isEvery(filter)) conditions.push(filterSql(eb, filter, context));
  return eb.and(conditions);
}

function asksForRevoked(condition: FilterCondition): boolean {
  return condition.kind === "is" && condition.flag === "revoked";
}
