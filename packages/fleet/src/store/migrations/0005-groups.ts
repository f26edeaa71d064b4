import { type Kysely, sql } from "kysely";
import type { Migration } from "kysely/migration";

type Labels = Readonly<Record<string, string>>;
/** The one table that this migration reads. */
interface AgentsBefore {
  agents: { id: string; labels_json: string; assigned_labels_json: string; own_labels_json: string };
}

/** Groups of agents, what they are to run, and labels that are changed apart from what agents say. */
export function createGroups(): Migration {
  return {
    up: async (db: Kysely<AgentsBefore>) => {
      await separateLabels(db);
      await createGroupTables(db.schema);
      await createFilterIndexes(db.schema);
    },
  };
}

/** Until now only the merged labels were kept; what a token's label hides comes back with the agent's next hello. */
async function separateLabels(db: Kysely<AgentsBefore>): Promise<void> {
  await db.schema
    .alterTable("agents")
    .addColumn("own_labels_json", "text", (column) => column.notNull().defaultTo("{}"))
    .execute();
  await db
    .updateTable("agents")
    .set({ own_labels_json: sql.ref("labels_json") })
    .execute();
  const overlaid = await db
    .selectFrom("agents")
    .select(["id", "labels_json", "assigned_labels_json"])
    .where("assigned_labels_json", "!=", "{}")
    .execute();
  for (const row of overlaid) {
    const assigned = JSON.parse(row.assigned_labels_json) as Labels;
    const own = Object.entries(JSON.parse(row.labels_json) as Labels).filter(
      ([key]) => !Object.hasOwn(assigned, key),
    );
    await db
      .updateTable("agents")
      .set({ own_labels_json: JSON.stringify(Object.fromEntries(own)) })
      .where("id", "=", row.id)
      .execute();
  }
}

async function createGroupTables(schema: Kysely<AgentsBefore>["schema"]): Promise<void> {
  await schema
    .createTable("groups")
    .addColumn("id", "text", (column) => column.primaryKey())
    .addColumn("name", "text", (column) => column.notNull().unique())
    .addColumn("description", "text", (column) => column.notNull())
    .addColumn("rule", "text")
    .addColumn("priority", "integer", (column) => column.notNull())
    .addColumn("revision", "bigint", (column) => column.notNull())
    .addColumn("created_at", "bigint", (column) => column.notNull())
    .addColumn("created_by", "text", (column) => column.notNull())
    .addColumn("updated_at", "bigint", (column) => column.notNull())
    .execute();
  await schema
    .createTable("group_members")
    .addColumn("group_id", "text", (column) => column.notNull().references("groups.id").onDelete("cascade"))
    .addColumn("agent_id", "text", (column) => column.notNull().references("agents.id").onDelete("cascade"))
    .addPrimaryKeyConstraint("group_members_key", ["group_id", "agent_id"])
    .execute();
  await schema.createIndex("group_members_by_agent").on("group_members").column("agent_id").execute();
  await schema
    .createTable("group_desired")
    .addColumn("group_id", "text", (column) => column.notNull().references("groups.id").onDelete("cascade"))
    .addColumn("product", "text", (column) => column.notNull())
    .addColumn("track_json", "text", (column) => column.notNull())
    .addColumn("plan_json", "text", (column) => column.notNull())
    .addColumn("cleared_at", "bigint", (column) => column.notNull())
    .addColumn("revision", "bigint", (column) => column.notNull())
    .addColumn("updated_at", "bigint", (column) => column.notNull())
    .addColumn("updated_by", "text", (column) => column.notNull())
    .addPrimaryKeyConstraint("group_desired_key", ["group_id", "product"])
    .execute();
  await schema
    .createTable("group_rollouts")
    .addColumn("rollout_id", "text", (column) => column.primaryKey().references("rollouts.id"))
    // The group may be gone; the history stays.
    .addColumn("group_id", "text", (column) => column.notNull())
    .addColumn("product", "text", (column) => column.notNull())
    .addColumn("version", "text", (column) => column.notNull())
    .addColumn("kind", "text", (column) => column.notNull())
    .execute();
  await schema
    .createIndex("group_rollouts_by_group")
    .on("group_rollouts")
    .columns(["group_id", "product", "rollout_id"])
    .execute();
}

/**
 * What filters are held against without reading whole agents, which are ten times as long. Times that change with every
 * heartbeat are not in it. Its order is that of the list, so it takes the place of a narrower one.
 */
async function createFilterIndexes(schema: Kysely<AgentsBefore>["schema"]): Promise<void> {
  await schema.dropIndex("agents_by_hostname").execute();
  await schema
    .createIndex("agents_filtered")
    .on("agents")
    .columns([
      "hostname",
      "id",
      "product",
      "version",
      "version_key",
      "os",
      "arch",
      "enrolled_at",
      "labels_json",
    ])
    .where(sql.ref("revoked_at"), "is", null)
    .execute();
  await schema.dropIndex("agents_by_version").execute();
  await schema
    .createIndex("agents_by_version_present")
    .on("agents")
    .columns(["version_key", "id"])
    .where(sql.ref("revoked_at"), "is", null)
    .execute();
  await schema.dropIndex("agents_connected").execute();
  await schema
    .createIndex("agents_presence")
    .on("agents")
    .column("connected_at")
    .where(sql.ref("revoked_at"), "is", null)
    .execute();
  await schema
    .createIndex("targets_failed")
    .on("targets")
    .columns(["to_version", "agent_id"])
    .where(sql.ref("state"), "in", sql`('failed', 'rolled_back')`)
    .execute();
  await schema
    .createIndex("targets_left")
    .on("targets")
    .columns(["from_version", "agent_id"])
    .where(sql.ref("state"), "=", sql.lit("healthy"))
    .execute();
}
