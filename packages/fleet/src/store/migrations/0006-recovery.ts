import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";

/** What agents say of how their host last left a version that it had committed to. */
export const addRecovery: Migration = {
  up: async (db: Kysely<unknown>) => {
    await db.schema.alterTable("agents").addColumn("recovery_json", "text").execute();
  },
  down: async (db: Kysely<unknown>) => {
    await db.schema.alterTable("agents").dropColumn("recovery_json").execute();
  },
};
