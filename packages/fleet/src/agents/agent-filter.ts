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
import { type Expression, type SqlBool, sql } from "kysely";
import {
  conditionSql,
  containsWord,
  type FilterContext,
  hasLatestTarget,
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
 * The conditions of a list of agents. Revoked ones are left out unless they are asked for. What filters ask for is seldom
 * rare, and a database that has no statistics takes any index for a good one: only for what is rare it is let. Throws `FILTER_INVALID`, `GROUP_NOT_FOUND`, and `ROLLOUT_COHORT_INVALID` for a label expression that
 * cannot be read.
 */
export function agentConditions(
  eb: OnAgents,
  query: Omit<AgentQuery, "limit">,
  context: FilterContext,
): Expression<SqlBool> {
  const { product, version, os, arch, search, labels, state, attention, online } = query;
  const filter = parseFilter(query.filter ?? "");
  const conditions: Expression<SqlBool>[] = [];
  if (query.within !== undefined) conditions.push(isWithinGroups(eb, query.within, context));
  if (product !== undefined) conditions.push(eb("product", "=", product));
  if (version !== undefined) conditions.push(eb("version", "=", version));
  if (os !== undefined) conditions.push(eb("os", "=", os));
  if (arch !== undefined) conditions.push(eb("arch", "=", arch));
  if (online !== undefined) conditions.push(eb("connected_at", online === "true" ? "is not" : "is", null));
  if (search !== undefined) conditions.push(containsWord(search));
  if (labels !== undefined) conditions.push(filterSql(eb, parseLabelExpression(labels), context));
  const rare: Expression<SqlBool>[] = [];
  if (state !== undefined) rare.push(hasLatestTarget(eb, [state]));
  if (attention !== undefined) rare.push(NEEDS_ATTENTION[attention](eb, context.hearing));
  for (const part of filter.kind === "and" ? filter.of : [filter]) {
    if (!isEvery(part)) (isRare(part) ? rare : conditions).push(filterSql(eb, part, context));
  }
  const met = conditions.length === 0 ? rare : [...rare, withoutIndex(eb.and(conditions))];
  if (query.revoked === "true") return eb.and([isRevoked(eb), ...met]);
  const isAskedFor = query.revoked === undefined && conditionsOf(filter).some(asksForRevoked);
  return isAskedFor ? eb.and(met) : eb.and([eb("revoked_at", "is", null), ...met]);
}

function withoutIndex(condition: Expression<SqlBool>): Expression<SqlBool> {
  return sql<SqlBool>`(case when ${condition} then 1 else 0 end = 1)`;
}

/** In any of the groups; a group that is gone has nobody in it. */
function isWithinGroups(
  eb: OnAgents,
  groupIds: readonly string[],
  { membersOf }: FilterContext,
): Expression<SqlBool> {
  const members = groupIds.map((id) => membersOf(eb, id)).filter((condition) => condition !== null);
  return eb.or(members);
}

/** Few agents' latest updates end badly or are under way, and one has the id. */
function isRare(filter: Filter): boolean {
  if (filter.kind === "is") return filter.flag === "failed" || filter.flag === "stuck";
  if (filter.kind === "text") return filter.field === "id" && filter.is.length === 1;
  return (
    filter.kind === "target" ||
    (filter.kind === "state" && filter.state !== "none" && filter.state !== "healthy")
  );
}

function asksForRevoked(condition: FilterCondition): boolean {
  return condition.kind === "is" && condition.flag === "revoked";
}
