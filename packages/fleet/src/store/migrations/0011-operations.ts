import type { Migration } from "kysely/migration";

/** Operations on single machines, and the names under which rollouts are asked for. */
export const addOperations: Migration = {
  up: async ({ schema }) => {
    await schema
      .createTable("operations")
      .addColumn("id", "text", (column) => column.primaryKey())
      .addColumn("name", "text", (column) => column.notNull().unique())
      .addColumn("operation_kind", "text", (column) => column.notNull())
      .addColumn("spec_json", "text", (column) => column.notNull())
      .addColumn("agent_id", "text", (column) => column.notNull())
      .addColumn("from_version", "text")
      .addColumn("product", "text", (column) => column.notNull())
      .addColumn("version", "text", (column) => column.notNull())
      .addColumn("rollout_id", "text")
      .addColumn("created_at", "bigint", (column) => column.notNull())
      .addColumn("created_by", "text", (column) => column.notNull())
      .execute();
    await schema.createIndex("operations_by_agent").on("operations").columns(["agent_id", "id"]).execute();
    await schema
      .createTable("rollout_names")
      .addColumn("name", "text", (column) => column.primaryKey())
      .addColumn("rollout_id", "text", (column) => column.notNull().unique())
      .execute();
    await schema.createIndex("artifacts_by_url").on("artifacts").column("url").execute();
  },
  down: async ({ schema }) => {
    await schema.dropIndex("artifacts_by_url").execute();
    await schema.dropTable("rollout_names").execute();
    await schema.dropTable("operations").execute();
  },
};
