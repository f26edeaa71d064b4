import type { Migration } from "kysely/migration";

/** Since when waves are open, which is what agents that stay away are given up by. */
export const addPlanner: Migration = {
  up: async ({ schema }) => {
    await schema.alterTable("waves").addColumn("opened_at", "bigint").execute();
  },
  down: async ({ schema }) => {
    await schema.alterTable("waves").dropColumn("opened_at").execute();
  },
};
