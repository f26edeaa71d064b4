import type { Migration } from "kysely/migration";

/** The freeze calendar, and the time zones that hosts are in. */
export const addHours: Migration = {
  up: async ({ schema }) => {
    await schema
      .createTable("freezes")
      .addColumn("id", "text", (column) => column.primaryKey())
      .addColumn("name", "text", (column) => column.notNull())
      .addColumn("from_at", "bigint", (column) => column.notNull())
      .addColumn("until_at", "bigint", (column) => column.notNull())
      .addColumn("created_at", "bigint", (column) => column.notNull())
      .addColumn("created_by", "text", (column) => column.notNull())
      .execute();
    await schema.alterTable("agents").addColumn("time_zone", "text").execute();
  },
  down: async ({ schema }) => {
    await schema.alterTable("agents").dropColumn("time_zone").execute();
    await schema.dropTable("freezes").execute();
  },
};
