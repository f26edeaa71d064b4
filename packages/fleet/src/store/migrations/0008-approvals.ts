import type { Migration } from "kysely/migration";

/** Who has approved a wave that more than one person must approve. */
export const addApprovals: Migration = {
  up: async ({ schema }) => {
    await schema.alterTable("waves").addColumn("approved_by_json", "text").execute();
  },
  down: async ({ schema }) => {
    await schema.alterTable("waves").dropColumn("approved_by_json").execute();
  },
};
