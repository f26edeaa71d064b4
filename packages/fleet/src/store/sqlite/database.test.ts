import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { anAgent } from "../../testing/rows.ts";
import { openDatabase } from "../database.ts";

function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), "muster-store-"));
}

test("a folder that does not exist is STORE_UNAVAILABLE, with SQLite's own word as the cause", async () => {
  const opening = openDatabase({ path: join(tmpdir(), "muster-none", "muster.db") });
  await expect(opening).rejects.toMatchObject({
    code: "STORE_UNAVAILABLE",
    cause: { code: "ERR_SQLITE_ERROR" },
  });
});

test("a file that is not a database is STORE_UNAVAILABLE and is left as it is", async () => {
  const folder = temporaryFolder();
  const path = join(folder, "muster.db");
  const content = "not a database, but long enough to look for a header in it".repeat(100);
  writeFileSync(path, content);
  await expect(openDatabase({ path })).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
  expect(readFileSync(path, "utf8")).toBe(content);
  rmSync(folder, { recursive: true });
});

test("a commit is in the files when it resolves: a power cut after it loses nothing", async () => {
  const folder = temporaryFolder();
  const path = join(folder, "muster.db");
  const db = await openDatabase({ path });
  await db.insertInto("agents").values(anAgent("a")).execute();
  const copy = join(folder, "copy.db");
  copyFileSync(path, copy);
  copyFileSync(`${path}-wal`, `${copy}-wal`);
  const after = await openDatabase({ path: copy });
  expect(await after.selectFrom("agents").select("id").execute()).toEqual([{ id: "a" }]);
  await after.destroy();
  await db.destroy();
  rmSync(folder, { recursive: true });
});

test("a second server on the same file is refused", async () => {
  const folder = temporaryFolder();
  const path = join(folder, "muster.db");
  const db = await openDatabase({ path });
  await expect(openDatabase({ path, waitMs: 0 })).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
  await db.destroy();
  rmSync(folder, { recursive: true });
});

test("a transaction that waits for its turn does not see half of another", async () => {
  const db = await openDatabase({ path: ":memory:" });
  const entered = Promise.withResolvers<void>();
  const first = db.transaction().execute(async (trx) => {
    await trx.insertInto("agents").values(anAgent("a")).execute();
    await entered.promise;
    await trx.insertInto("agents").values(anAgent("b")).execute();
  });
  const reading = db.selectFrom("agents").select("id").execute();
  entered.resolve();
  expect((await reading).map(({ id }) => id)).toEqual(["a", "b"]);
  await first;
  await db.destroy();
});
