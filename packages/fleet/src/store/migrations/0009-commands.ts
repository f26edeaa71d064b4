import type { Migration } from "kysely/migration";

/** What operators asked agents, and what those answered. */
export const addCommands: Migration = {
  up: async ({ schema }) => {
    await schema
      .createTable("commands")
      .addColumn("id", "text", (column) => column.primaryKey())
      .addColumn("agent_id", "text", (column) => column.notNull())
      .addColumn("name", "text", (column) => column.notNull())
      .addColumn("arguments_json", "text", (column) => column.notNull())
      .addColumn("state", "text", (column) => column.notNull())
      .addColumn("output", "text", (column) => column.notNull())
      .addColumn("requested_at", "bigint", (column) => column.notNull())
      .addColumn("requested_by", "text", (column) => column.notNull())
      .addColumn("ended_at", "bigint")
      .execute();
    await schema.createIndex("commands_by_agent").on("commands").columns(["agent_id", "id"]).execute();
  },
  down: async ({ schema }) => {
    await schema.dropTable("commands").execute();
  },
};
