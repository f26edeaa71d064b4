import { MusterError, parseRule, ruleMatcher } from "@muster/core";
import type { CreateGroup, GroupView } from "@muster/protocol/http";
import type { Clock } from "../ports.ts";
import { createSerial } from "../rollout/controller/serial.ts";
import { chunksOf, insertAll } from "../store/bulk.ts";
import { decodeCursor, encodeCursor } from "../store/cursor.ts";
import type { Database } from "../store/database.ts";
import type { GroupRow } from "../store/schema.ts";
import type { GroupBook, GroupDefinition } from "./group-book.ts";
import { readMemberIds, readNamed, refreshMembers } from "./load-groups.ts";
import type { Memberships } from "./memberships.ts";
import type { Groups } from "./ports.ts";

export interface GroupPorts {
  readonly db: Database;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly book: GroupBook;
  readonly memberships: Memberships;
  /** Who is in which group has changed. */
  readonly onChange: () => void;
}

/** Agents named of those who join or leave. */
const NAMED_MAX = 100;

/** The groups' use cases. One changes after the other; what is answered is durable. */
export function createGroups(ports: GroupPorts): Groups {
  return { ...readingGroups(ports), ...changingGroups(ports) };
}

type Reading = "list" | "read" | "groupsOf" | "idOf" | "preview";

function readingGroups({ db, book, memberships }: GroupPorts): Pick<Groups, Reading> {
  const view = (definition: GroupDefinition) => toGroupView(definition, memberships);
  return {
    list: async ({ cursor, limit, within }) => {
      const all = book.all().filter(({ row }) => within === undefined || within.includes(row.id));
      const after = cursor === undefined ? "" : decodeCursor(cursor, "string").id;
      const start = after === "" ? 0 : all.findIndex(({ row }) => row.id === after) + 1;
      const items = all.slice(start, start + limit);
      const last = items.at(-1)?.row.id;
      const isMore = start + limit < all.length && last !== undefined;
      const nextCursor = isMore ? encodeCursor({ sort: "", id: last }) : null;
      return { items: items.map(view), nextCursor, total: all.length };
    },
    read: async (group) => view(requireGroup(book, group)),
    groupsOf: (agentId) => memberships.groupsOf(agentId),
    idOf: (group) => book.find(group)?.row.id,

    preview: async ({ rule, group }) => {
      const known = group === undefined ? null : requireGroup(book, group);
      const asked = parseRule(rule);
      const row = { ...(known?.row ?? NO_GROUP), rule };
      const after = await readMemberIds(db, { row, rule: asked, matches: ruleMatcher(asked) });
      const before = known === null ? [] : await readMemberIds(db, known);
      const [had, has] = [new Set(before), new Set(after)];
      return {
        members: after.length,
        joins: movement(after.filter((id) => !had.has(id))),
        leaves: movement(before.filter((id) => !has.has(id))),
      };
    },
  };
}

function changingGroups(ports: GroupPorts): Omit<Groups, Reading> {
  const { db, clock, book, memberships } = ports;
  const inTurn = createSerial();
  const follow = async (row: GroupRow, isOtherRule: boolean): Promise<GroupView> => {
    const definition = book.put(row);
    if (isOtherRule) await refreshMembers(db, memberships, definition);
    memberships.reorder();
    ports.onChange();
    return toGroupView(definition, memberships);
  };
  return {
    create: (request, actor) =>
      inTurn(async () => {
        const row = newRow(request, { id: `grp_${ports.newId()}`, now: clock.now(), createdBy: actor.name });
        const { numInsertedOrUpdatedRows } = await db
          .insertInto("groups")
          .values(row)
          .onConflict((conflict) => conflict.column("name").doNothing())
          .executeTakeFirst();
        if (numInsertedOrUpdatedRows === 0n) throw new MusterError("GROUP_EXISTS", { group: row.name });
        return follow(row, true);
      }),

    update: (group, { revision, ...request }) =>
      inTurn(async () => {
        const before = requireGroup(book, group).row;
        if (revision !== undefined && revision !== before.revision) {
          throw new MusterError("RESOURCE_CONFLICT", { kind: "group", id: before.id, revision });
        }
        const rule = request.rule === undefined ? before.rule : readRule(request.rule);
        const row: GroupRow = {
          ...before,
          name: request.name ?? before.name,
          description: request.description ?? before.description,
          rule,
          priority: request.priority ?? before.priority,
          revision: before.revision + 1,
          updated_at: clock.now(),
        };
        await updateGroup(db, before, row);
        return follow(row, rule !== before.rule);
      }),

    remove: (group) =>
      inTurn(async () => {
        const { id } = requireGroup(book, group).row;
        await db.deleteFrom("groups").where("id", "=", id).execute();
        book.remove(id);
        memberships.setNamed(id, []);
        memberships.reorder();
        ports.onChange();
      }),

    changeMembers: (group, { add = [], remove = [] }) =>
      inTurn(async () => {
        const { row: before, rule } = requireGroup(book, group);
        if (rule !== null) throw new MusterError("GROUP_MEMBERS_BY_RULE", { group: before.name });
        const row = { ...before, revision: before.revision + 1, updated_at: clock.now() };
        await changeNamed(db, row, { add: [...new Set(add)], remove });
        return follow(row, true);
      }),
  };
}

function newRow(
  { name, description = "", rule = null, priority = 0 }: CreateGroup,
  { id, now, createdBy }: { readonly id: string; readonly now: number; readonly createdBy: string },
): GroupRow {
  return {
    id,
    name,
    description,
    rule: readRule(rule),
    priority,
    revision: 1,
    created_at: now,
    created_by: createdBy,
    updated_at: now,
  };
}

const NO_GROUP: GroupRow = {
  id: "",
  name: "",
  description: "",
  rule: null,
  priority: 0,
  revision: 0,
  created_at: 0,
  created_by: "",
  updated_at: 0,
};

export function toGroupView({ row }: GroupDefinition, memberships: Memberships): GroupView {
  return {
    id: row.id,
    name: row.name,
    description: row.description,
    rule: row.rule,
    priority: row.priority,
    members: memberships.countOf(row.id),
    revision: row.revision,
    createdAt: row.created_at,
    createdBy: row.created_by,
    updatedAt: row.updated_at,
  };
}

/** By id or name. Throws `GROUP_NOT_FOUND`. */
export function requireGroup(book: GroupBook, group: string): GroupDefinition {
  const definition = book.find(group);
  if (!definition) throw new MusterError("GROUP_NOT_FOUND", { group });
  return definition;
}

function movement(ids: readonly string[]) {
  return { count: ids.length, agentIds: ids.slice(0, NAMED_MAX) };
}

/** The rule as it was written, if it can be read. */
function readRule(rule: string | null): string | null {
  if (rule !== null) parseRule(rule);
  return rule;
}

async function updateGroup(db: Database, before: GroupRow, { id, ...row }: GroupRow): Promise<void> {
  await db.transaction().execute(async (trx) => {
    const namesake = await trx
      .selectFrom("groups")
      .select("id")
      .where("name", "=", row.name)
      .where("id", "!=", id)
      .executeTakeFirst();
    if (namesake) throw new MusterError("GROUP_EXISTS", { group: row.name });
    const { numUpdatedRows } = await trx
      .updateTable("groups")
      .set(row)
      .where("id", "=", id)
      .where("revision", "=", before.revision)
      .executeTakeFirst();
    if (numUpdatedRows === 0n) throw new MusterError("RESOURCE_CONFLICT", { kind: "group", id });
    if (before.rule === row.rule) return;
    // Whoever is in it by its rule stays in it when the rule goes.
    const members = row.rule === null ? await readMemberIds(trx, ruleOf(before)) : [];
    await trx.deleteFrom("group_members").where("group_id", "=", id).execute();
    await insertAll(
      trx,
      "group_members",
      members.map((agent_id) => ({ group_id: id, agent_id })),
    );
  });
}

function ruleOf(row: GroupRow): GroupDefinition {
  const rule = parseRule(row.rule ?? "");
  return { row, rule, matches: ruleMatcher(rule) };
}

async function changeNamed(
  db: Database,
  row: GroupRow,
  { add, remove }: { readonly add: readonly string[]; readonly remove: readonly string[] },
): Promise<void> {
  await db.transaction().execute(async (trx) => {
    for (const ids of chunksOf(add)) {
      const rows = await trx.selectFrom("agents").select("id").where("id", "in", ids).execute();
      const known = new Set(rows.map(({ id }) => id));
      const unknown = ids.find((id) => !known.has(id));
      if (unknown !== undefined) throw new MusterError("AGENT_NOT_FOUND", { agent: unknown });
    }
    for (const ids of chunksOf(remove)) {
      await trx
        .deleteFrom("group_members")
        .where("group_id", "=", row.id)
        .where("agent_id", "in", ids)
        .execute();
    }
    const present = new Set(await readNamed(trx, row.id));
    const added = add.filter((id) => !present.has(id));
    await insertAll(
      trx,
      "group_members",
      added.map((agent_id) => ({ group_id: row.id, agent_id })),
    );
    const { revision, updated_at } = row;
    await trx.updateTable("groups").set({ revision, updated_at }).where("id", "=", row.id).execute();
  });
}
