import { type Filter, parseRule, type RuleAgent, type RuleCondition, ruleMatcher } from "@muster/core";
import type { Expression, SqlBool } from "kysely";
import { filterSql } from "../agents/agent-filter.ts";
import type { FilterContext, OnAgents } from "../agents/condition-sql.ts";
import type { Hearing } from "../rollout/target-groups.ts";
import type { GroupRow } from "../store/schema.ts";

/** A group as it is kept in memory. */
export interface GroupDefinition {
  readonly row: GroupRow;
  /** Null: its members are named. */
  readonly rule: Filter<RuleCondition> | null;
  readonly matches: (agent: RuleAgent) => boolean;
}

/** Every group there is. The database is the truth; this follows every commit. */
export interface GroupBook {
  /** By id or name. */
  find(group: string): GroupDefinition | undefined;
  /** By priority, highest first; the older one of two. */
  all(): readonly GroupDefinition[];
  put(row: GroupRow): GroupDefinition;
  remove(id: string): void;
}

export function createGroupBook(rows: readonly GroupRow[]): GroupBook {
  const byId = new Map<string, GroupDefinition>();
  let ordered: readonly GroupDefinition[] = [];
  const order = () => {
    ordered = [...byId.values()].toSorted(
      (a, b) => b.row.priority - a.row.priority || (a.row.id < b.row.id ? -1 : 1),
    );
  };
  const put = (row: GroupRow): GroupDefinition => {
    // Only what could be read was ever stored.
    const rule = row.rule === null ? null : parseRule(row.rule);
    const definition = { row, rule, matches: rule === null ? () => false : ruleMatcher(rule) };
    byId.set(row.id, definition);
    return definition;
  };
  for (const row of rows) put(row);
  order();
  return {
    find: (group) => byId.get(group) ?? ordered.find(({ row }) => row.name === group),
    all: () => ordered,
    put: (row) => {
      const definition = put(row);
      order();
      return definition;
    },
    remove: (id) => {
      byId.delete(id);
      order();
    },
  };
}

/** Who is in a group, as a condition on `agents`. */
export function membersSql(eb: OnAgents, { row, rule }: GroupDefinition): Expression<SqlBool> {
  // A rule asks for nothing that depends on the time or on other groups.
  const context = { hearing: { now: 0, listeningSince: 0 }, membersOf: () => null };
  if (rule !== null) return filterSql(eb, rule, context);
  const named = eb.selectFrom("group_members").select("agent_id").where("group_id", "=", row.id);
  return eb("agents.id", "in", named);
}

/** What the conditions of a filter mean now. */
export function filterContext(book: GroupBook, hearing: Hearing): FilterContext {
  return {
    hearing,
    membersOf: (eb, group) => {
      const definition = book.find(group);
      return definition ? membersSql(eb, definition) : null;
    },
  };
}
