import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MusterError } from "@muster/core";
import { sql } from "kysely";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { insertAll } from "./bulk.ts";
import { type Database, openDatabase } from "./database.ts";
import { aLabel, anAgent, aRelease } from "../testing/rows.ts";

/** The same data at every `open`, until `clear`. */
export interface StoreUnderTest {
  open(): Promise<Database>;
  clear(): Promise<void>;
}

function sqliteStore(): StoreUnderTest {
  const folder = mkdtempSync(join(tmpdir(), "muster-store-"));
  return {
    open: () => openDatabase({ path: join(folder, "muster.db") }),
    clear: () => rm(folder, { recursive: true }),
  };
}

/** Every database that Muster runs on. */
const STORES: { name: string; create: () => StoreUnderTest }[] = [{ name: "SQLite", create: sqliteStore }];

describe.each(STORES)("$name", ({ create }) => {
  let under: StoreUnderTest;
  let db: Database;
  beforeEach(async () => {
    under = create();
    db = await under.open();
  });
  afterEach(async () => {
    await db.destroy();
    await under.clear();
  });

  const reopen = async () => {
    await db.destroy();
    db = await under.open();
  };
  const hostnames = async () => {
    const rows = await db.selectFrom("agents").select("hostname").orderBy("hostname").execute();
    return rows.map(({ hostname }) => hostname);
  };

  test("keeps what was written when it is opened again", async () => {
    await db.insertInto("agents").values(anAgent("a")).execute();
    await reopen();
    expect(await db.selectFrom("agents").selectAll().executeTakeFirst()).toEqual(anAgent("a"));
  });

  test("gives back bytes as bytes and times as numbers", async () => {
    const manifest = new Uint8Array([0, 1, 254, 255]);
    const publishedAt = 1_900_000_000_123;
    await db
      .insertInto("releases")
      .values(aRelease("1.0.0", { manifest, published_at: publishedAt }))
      .execute();
    const row = await db.selectFrom("releases").selectAll().executeTakeFirstOrThrow();
    expect(new Uint8Array(row.manifest)).toEqual(manifest);
    expect(row.published_at).toBe(publishedAt);
    expect(row.floor).toBeNull();
  });

  test("writes all of a transaction or nothing", async () => {
    const broken = new Error("half way");
    const attempt = db.transaction().execute(async (trx) => {
      await trx.insertInto("agents").values(anAgent("a")).execute();
      throw broken;
    });
    await expect(attempt).rejects.toBe(broken);
    expect(await hostnames()).toEqual([]);
  });

  test("runs transactions that were begun together one after the other", async () => {
    await db.insertInto("agents").values(anAgent("a")).execute();
    const raise = () =>
      db.transaction().execute(async (trx) => {
        const { sequence } = await trx
          .selectFrom("agents")
          .select("sequence")
          .where("id", "=", "a")
          .executeTakeFirstOrThrow();
        await trx
          .updateTable("agents")
          .set({ sequence: sequence + 1 })
          .where("id", "=", "a")
          .execute();
      });
    await Promise.all(Array.from({ length: 20 }, raise));
    const { sequence } = await db.selectFrom("agents").select("sequence").executeTakeFirstOrThrow();
    expect(sequence).toBe(20);
  });

  test("counts the rows that an update changed", async () => {
    await insertAll(db, "agents", [anAgent("a"), anAgent("b"), anAgent("c")]);
    const result = await db
      .updateTable("agents")
      .set({ os: "darwin" })
      .where("id", "!=", "b")
      .executeTakeFirst();
    expect(Number(result.numUpdatedRows)).toBe(2);
  });

  test("refuses a second row with the same key as RESOURCE_CONFLICT", async () => {
    await db.insertInto("agents").values(anAgent("a")).execute();
    const again = db.insertInto("agents").values(anAgent("a")).execute();
    await expect(again).rejects.toMatchObject({ code: "RESOURCE_CONFLICT" });
  });

  test("refuses a row whose parent does not exist", async () => {
    await expect(insertAll(db, "agent_labels", [aLabel("nobody", "env", "test")])).rejects.toBeInstanceOf(
      MusterError,
    );
  });

  test("inserts more rows than one statement takes", async () => {
    const rows = Array.from({ length: 1234 }, (_, index) => anAgent(String(index).padStart(4, "0")));
    await insertAll(db, "agents", rows);
    expect(await hostnames()).toEqual(rows.map(({ hostname }) => hostname));
  });

  test("sorts text by its code points, so that keyset pages never skip a row", async () => {
    await insertAll(
      db,
      "agents",
      ["b", "B", "a-1", "a", "Z"].map((hostname) => anAgent(hostname)),
    );
    expect(await hostnames()).toEqual(["B", "Z", "a", "a-1", "b"]);
  });

  test("refuses a database that a newer version has migrated, and changes nothing in it", async () => {
    await db.insertInto("agents").values(anAgent("a")).execute();
    await sql`insert into kysely_migration (name, timestamp) values ('9999-later', '2040-01-01T00:00:00.000Z')`.execute(
      db,
    );
    await db.destroy();
    await expect(under.open()).rejects.toMatchObject({ code: "STORE_SCHEMA_NEWER" });
  });
});
