import { type Insertable, Kysely } from "kysely";
import { Migrator } from "kysely/migration";
import { expect, test } from "vitest";
import { anAgent } from "../../testing/rows.ts";
import type { AgentRow, Tables } from "../schema.ts";
import { createSqliteDialect } from "../sqlite/dialect.ts";
import { createMigrations } from "./index.ts";

const labels = (of: Record<string, string>) => JSON.stringify(of);

/** Inserts what of an agent's row the table has by now. */
async function insertOlder(db: Kysely<Tables>, row: Insertable<AgentRow>): Promise<void> {
  const tables = await db.introspection.getTables();
  const columns = tables.find(({ name }) => name === "agents")?.columns.map(({ name }) => name) ?? [];
  const known = Object.entries(row).filter(([name]) => columns.includes(name));
  await db
    .insertInto("agents")
    .values(Object.fromEntries(known) as Insertable<AgentRow>)
    .execute();
}

test("an older store keeps what agents say apart from what was given to them", async () => {
  const db = new Kysely<Tables>({ dialect: createSqliteDialect(":memory:", 0) });
  const migrations = createMigrations({ bytes: "blob" });
  const migrator = new Migrator({ db, provider: { getMigrations: () => Promise.resolve(migrations) } });
  await migrator.migrateTo("0004-audit-events");
  await insertOlder(
    db,
    anAgent("a", {
      labels_json: labels({ env: "production", rack: "4" }),
      assigned_labels_json: labels({ env: "production" }),
    }),
  );
  await insertOlder(db, anAgent("b", { labels_json: labels({ rack: "5" }) }));
  expect(await migrator.migrateToLatest()).not.toHaveProperty("error");
  const rows = await db.selectFrom("agents").select(["id", "own_labels_json"]).orderBy("id").execute();
  expect(rows).toEqual([
    { id: "a", own_labels_json: '{"rack":"4"}' },
    { id: "b", own_labels_json: '{"rack":"5"}' },
  ]);
  await db.destroy();
});
