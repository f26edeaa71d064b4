import { setImmediate } from "node:timers/promises";
import type { RuleAgent } from "@muster/core";
import type { Database } from "../store/database.ts";
import type { AgentRow } from "../store/schema.ts";
import { createGroupBook, type GroupBook, type GroupDefinition, membersSql } from "./group-book.ts";
import { createMemberships, type Memberships } from "./memberships.ts";

const AGENTS_PER_PAGE = 5000;
const RULE_COLUMNS = ["id", "hostname", "product", "os", "arch", "labels_json"] as const;

export function toRuleAgent(row: Pick<AgentRow, (typeof RULE_COLUMNS)[number]>): RuleAgent {
  const { id, hostname, product, os, arch } = row;
  return { id, hostname, product, os, arch, labels: JSON.parse(row.labels_json) as RuleAgent["labels"] };
}

/** Every group, and who is in it. */
export async function loadGroups(
  db: Database,
): Promise<{ readonly book: GroupBook; readonly memberships: Memberships }> {
  const book = createGroupBook(await db.selectFrom("groups").selectAll().execute());
  const memberships = createMemberships(book);
  for (const definition of book.all()) await loadNamed(db, memberships, definition);
  for (let after = ""; ; ) {
    const rows = await db
      .selectFrom("agents")
      .select(RULE_COLUMNS)
      .where("id", ">", after)
      .where("revoked_at", "is", null)
      .orderBy("id")
      .limit(AGENTS_PER_PAGE)
      .execute();
    for (const row of rows) memberships.agentChanged(toRuleAgent(row));
    const last = rows.at(-1);
    if (!last || rows.length < AGENTS_PER_PAGE) return { book, memberships };
    after = last.id;
    await setImmediate();
  }
}

async function loadNamed(db: Database, memberships: Memberships, { row, rule }: GroupDefinition) {
  const agentIds = rule === null ? await readNamed(db, row.id) : [];
  memberships.setNamed(row.id, agentIds);
}

export async function readNamed(db: Database, groupId: string): Promise<string[]> {
  const rows = await db
    .selectFrom("group_members")
    .select("agent_id")
    .where("group_id", "=", groupId)
    .orderBy("agent_id")
    .execute();
  return rows.map(({ agent_id }) => agent_id);
}

/** Ids of the agents that are in a group, or would be. */
export async function readMemberIds(db: Database, group: GroupDefinition): Promise<string[]> {
  const rows = await db
    .selectFrom("agents")
    .select("id")
    .where("revoked_at", "is", null)
    .where((eb) => membersSql(eb, group))
    .orderBy("id")
    .execute();
  return rows.map(({ id }) => id);
}

/** Works out anew who is in a group that has changed. Agents that change meanwhile are right already. */
export async function refreshMembers(
  db: Database,
  memberships: Memberships,
  group: GroupDefinition,
): Promise<void> {
  await loadNamed(db, memberships, group);
  const changed = memberships.recordChanges();
  const members = await readMemberIds(db, group).finally(changed);
  memberships.setMembers(group.row.id, new Set(members), changed());
}
