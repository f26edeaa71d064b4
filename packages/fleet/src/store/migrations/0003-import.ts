import type { Migration } from "kysely/migration";

/** Where releases are imported from, and which were. */
export function createImport(): Migration {
  return {
    up: async ({ schema }) => {
      await schema
        .createTable("sources")
        .addColumn("id", "text", (column) => column.primaryKey())
        .addColumn("kind", "text", (column) => column.notNull())
        .addColumn("host", "text", (column) => column.notNull())
        .addColumn("owner", "text", (column) => column.notNull())
        .addColumn("repo", "text", (column) => column.notNull())
        .addColumn("product", "text", (column) => column.notNull())
        .addColumn("token_sealed", "text")
        .addColumn("created_at", "bigint", (column) => column.notNull())
        .addColumn("created_by", "text", (column) => column.notNull())
        .execute();
      await schema
        .createTable("release_origins")
        .addColumn("product", "text", (column) => column.notNull())
        .addColumn("version", "text", (column) => column.notNull())
        .addColumn("source_id", "text", (column) => column.notNull())
        .addColumn("tag", "text", (column) => column.notNull())
        .addColumn("assets_json", "text", (column) => column.notNull())
        .addPrimaryKeyConstraint("release_origins_key", ["product", "version"])
        .addForeignKeyConstraint("release_origins_release", ["product", "version"], "releases", [
          "product",
          "version",
        ])
        .execute();
    },
  };
}
