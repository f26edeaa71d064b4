import type { Migration } from "kysely/migration";

/**
 * Since when waves are open, which is what agents that stay away are given up by; what a rollout holds back; and since
 * when a host's rollbacks count.
 */
export const addPlanner: Migration = {
  up: async ({ schema }) => {
    await schema.alterTable("waves").addColumn("opened_at", "bigint").execute();
    await schema.alterTable("rollouts").addColumn("quarantine_json", "text").execute();
    await schema.alterTable("agents").addColumn("forgiven_at", "bigint").execute();
  },
  down: async ({ schema }) => {
    await schema.alterTable("agents").dropColumn("forgiven_at").execute();
    await schema.alterTable("rollouts").dropColumn("quarantine_json").execute();
    await schema.alterTable("waves").dropColumn("opened_at").execute();
  },
};
