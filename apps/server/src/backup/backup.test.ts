import { existsSync } from "node:fs";
import { appendFile, cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createHash } from "node:crypto";
import { DatabaseSync } from "node:sqlite";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDatabase } from "@muster/fleet";
import { afterEach, beforeEach, expect, test } from "vitest";
import { prepareDataFolder } from "../keeping/data-folder.ts";
import { backUp } from "./back-up.ts";
import { parseBackupIndex } from "./backup-index.ts";
import { parseBackupCommand } from "./command.ts";
import { readHashed } from "./copy-file.ts";
import { restore } from "./restore.ts";

const clock = { now: () => Date.UTC(2026, 0, 2, 3, 4, 5) };
const OBJECT = Buffer.from("an artifact");
const DIGEST = createHash("sha256").update(OBJECT).digest("hex");
const OBJECT_PATH = `objects/sha256/${DIGEST.slice(0, 2)}/${DIGEST}`;
let base: string;
let data: string;
let copy: string;

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), "muster-backup-"));
  data = join(base, "data");
  copy = join(base, "backups", "monday");
  await prepareDataFolder(data);
  const db = await openDatabase({ path: join(data, "muster.db") });
  await db.destroy();
  for (const name of ["authority.pem", "gateway.pem", "assignment-key.pem", "secrets.key"]) {
    await writeFile(join(data, name), `the content of ${name}`);
  }
  await mkdir(join(data, OBJECT_PATH, ".."), { recursive: true });
  await writeFile(join(data, OBJECT_PATH), OBJECT);
  await mkdir(join(data, "objects/incoming"));
  await writeFile(join(data, "objects/incoming/half"), "hal");
});
afterEach(() => rm(base, { recursive: true, force: true }));

const makeBackup = (to = copy) => backUp({ dataFolder: data, to, musterVersion: "1.2.3", clock, waitMs: 0 });
const restoreIt = ({ replace = false, to = data } = {}) =>
  restore({ from: copy, dataFolder: to, replace, clock, waitMs: 0 });
const contents = async (folder: string) => {
  const names = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = names.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Promise.all(files.toSorted().map(async (path) => [path, (await readFile(path)).toString("hex")]));
};

test("a backup has everything that is kept, for its owner only, and restores to the same", async () => {
  const { index, damaged } = await makeBackup();
  expect(damaged).toEqual([]);
  expect(index).toMatchObject({ schema: 1, createdAt: "2026-01-02T03:04:05.000Z", musterVersion: "1.2.3" });
  expect(index.files.map(({ path }) => path)).toEqual([
    "muster.db",
    "authority.pem",
    "gateway.pem",
    "assignment-key.pem",
    "secrets.key",
    OBJECT_PATH,
  ]);
  for (const entry of await readdir(copy, { recursive: true, withFileTypes: true })) {
    const { mode } = await stat(join(entry.parentPath, entry.name));
    expect([entry.name, mode & 0o777]).toEqual([entry.name, entry.isDirectory() ? 0o700 : 0o600]);
  }
  expect((await stat(copy)).mode & 0o777).toBe(0o700);
  await rm(data, { recursive: true });
  expect((await restoreIt()).movedTo).toBeNull();
  for (const { path } of index.files)
    expect(await readFile(join(data, path))).toEqual(await readFile(join(copy, path)));
  expect((await stat(data)).mode & 0o777).toBe(0o700);
  expect(existsSync(`${data}.restoring`)).toBe(false);
  await (await openDatabase({ path: (await prepareDataFolder(data)).database })).destroy();
});

test("a folder that a server uses is neither copied nor replaced", async () => {
  await makeBackup();
  const db = await openDatabase({ path: join(data, "muster.db") });
  await expect(makeBackup(join(base, "tuesday"))).rejects.toMatchObject({ code: "DATA_FOLDER_IN_USE" });
  expect(existsSync(join(base, "tuesday"))).toBe(false);
  await expect(restoreIt({ replace: true })).rejects.toMatchObject({ code: "DATA_FOLDER_IN_USE" });
  await db.destroy();
  expect((await readdir(base)).toSorted()).toEqual(["backups", "data"]);
});

test("what a kill leaves of a backup is refused, and not written over", async () => {
  await makeBackup();
  await rm(join(copy, "backup.json"));
  await expect(restoreIt({ to: join(base, "new") })).rejects.toMatchObject({ code: "BACKUP_INCOMPLETE" });
  await expect(makeBackup()).rejects.toMatchObject({ code: "BACKUP_TARGET_NOT_EMPTY" });
  expect(existsSync(join(base, "new"))).toBe(false);
});

test.each(["muster.db", "authority.pem", "secrets.key", OBJECT_PATH])(
  "a backup whose %s is damaged or gone changes nothing",
  async (name) => {
    await makeBackup();
    const before = await contents(data);
    await appendFile(join(copy, name), "x");
    await expect(restoreIt({ replace: true })).rejects.toMatchObject({
      code: "BACKUP_DAMAGED",
      details: { path: name },
    });
    await rm(join(copy, name));
    await expect(restoreIt({ replace: true })).rejects.toMatchObject({ code: "BACKUP_DAMAGED" });
    expect(await contents(data)).toEqual(before);
    expect((await readdir(base)).toSorted()).toEqual(["backups", "data"]);
  },
);

test("a data folder that is not empty is kept, or moved aside when that is asked for", async () => {
  await makeBackup();
  await writeFile(join(data, "authority.pem"), "another");
  await expect(restoreIt()).rejects.toMatchObject({ code: "BACKUP_TARGET_NOT_EMPTY" });
  const { movedTo } = await restoreIt({ replace: true });
  expect(movedTo).toBe(`${data}.before-restore-20260102T030405000Z`);
  expect(await readFile(join(movedTo ?? "", "authority.pem"), "utf8")).toBe("another");
  expect(await readFile(join(data, "authority.pem"), "utf8")).toBe("the content of authority.pem");
});

test("a data folder whose database is no database can be replaced", async () => {
  await makeBackup();
  await writeFile(join(data, "muster.db"), "rubbish ".repeat(1000));
  const { movedTo } = await restoreIt({ replace: true });
  expect(await readFile(join(movedTo ?? "", "muster.db"), "utf8")).toMatch(/^rubbish /);
  expect(await readFile(join(data, "muster.db"))).toEqual(await readFile(join(copy, "muster.db")));
});

test("no server begins anew where a restore was killed, and the same restore again ends it", async () => {
  await makeBackup();
  await rm(data, { recursive: true });
  await cp(copy, `${data}.restoring`, { recursive: true });
  await expect(prepareDataFolder(data)).rejects.toMatchObject({ code: "RESTORE_UNFINISHED" });
  const key = await readFile(join(copy, "secrets.key"));
  await writeFile(join(copy, "secrets.key"), "x");
  await expect(restoreIt()).rejects.toMatchObject({ code: "BACKUP_DAMAGED" });
  await expect(prepareDataFolder(data)).rejects.toMatchObject({ code: "RESTORE_UNFINISHED" });
  await writeFile(join(copy, "secrets.key"), key);
  await restoreIt();
  await expect(prepareDataFolder(data)).resolves.toBeDefined();
  expect((await readdir(base)).toSorted()).toEqual(["backups", "data"]);
});

function writeLaterMigration(database: string): void {
  const db = new DatabaseSync(database);
  db.exec("insert into kysely_migration (name, timestamp) values ('9999-later', '')");
  db.close();
}

test("the backup of a newer version's database is refused before anything changes", async () => {
  const { index } = await makeBackup();
  const database = join(copy, "muster.db");
  writeLaterMigration(database);
  const files = [{ path: "muster.db", ...(await readHashed(database)) }, ...index.files.slice(1)];
  await writeFile(join(copy, "backup.json"), JSON.stringify({ ...index, files }));
  const before = await contents(data);
  await expect(restoreIt({ replace: true })).rejects.toMatchObject({ code: "STORE_SCHEMA_NEWER" });
  expect(await contents(data)).toEqual(before);
  expect((await readdir(base)).toSorted()).toEqual(["backups", "data"]);
});

test("an older program makes no backup of a newer version's database", async () => {
  writeLaterMigration(join(data, "muster.db"));
  await expect(makeBackup()).rejects.toMatchObject({ code: "STORE_SCHEMA_NEWER" });
  expect(existsSync(join(copy, "backup.json"))).toBe(false);
});

test("an object that is not what its name says is left out and named", async () => {
  await writeFile(join(data, OBJECT_PATH), "an artefact");
  const { index, damaged } = await makeBackup();
  expect(damaged).toEqual([OBJECT_PATH]);
  expect(index.files.some(({ path }) => path.startsWith("objects"))).toBe(false);
  expect(existsSync(join(copy, OBJECT_PATH))).toBe(false);
});

test("a backup is not put into the data folder, and only a data folder is backed up", async () => {
  await expect(makeBackup(join(data, "backup"))).rejects.toMatchObject({ code: "USAGE_INVALID" });
  await rm(join(data, "muster.db"));
  await expect(makeBackup()).rejects.toMatchObject({ code: "SERVER_CONFIG_INVALID" });
  expect(existsSync(copy)).toBe(false);
});

const FILES = ["muster.db", "authority.pem", "assignment-key.pem"].map((path) => ({
  path,
  size: 1,
  sha256: "0".repeat(64),
}));
const INDEX = { schema: 1, createdAt: "2026-01-02T03:04:05.000Z", musterVersion: "1.2.3", files: FILES };
const withFile = (path: string) => ({ ...INDEX, files: [...FILES, { ...FILES[0], path }] });

test("an index that is right is taken", () => {
  expect(parseBackupIndex(JSON.stringify(withFile(OBJECT_PATH))).files).toHaveLength(4);
});

test.each([
  ["BACKUP_DAMAGED", withFile("../../etc/cron.d/x")],
  ["BACKUP_DAMAGED", withFile("/etc/passwd")],
  ["BACKUP_DAMAGED", withFile(`objects/sha256/ab/${DIGEST}`)],
  ["BACKUP_DAMAGED", withFile("muster.db")],
  ["BACKUP_DAMAGED", { ...INDEX, files: FILES.slice(1) }],
  ["BACKUP_DAMAGED", { ...INDEX, schema: "1" }],
  ["BACKUP_DAMAGED", null],
  ["STORE_SCHEMA_NEWER", { schema: 2, anything: "else" }],
])("%s: an index such as %j", (code, index) => {
  expect(() => parseBackupIndex(JSON.stringify(index))).toThrow(expect.objectContaining({ code }));
});

test("half an index is BACKUP_DAMAGED", () => {
  const text = JSON.stringify(INDEX).slice(0, -10);
  expect(() => parseBackupIndex(text)).toThrow(expect.objectContaining({ code: "BACKUP_DAMAGED" }));
});

test("the command line names both folders; anything else is USAGE_INVALID", () => {
  const env = { MUSTER_DATA: "/data" };
  expect(parseBackupCommand(["backup", "--to", "/b"], env)).toEqual({
    kind: "backup",
    dataFolder: "/data",
    to: "/b",
  });
  expect(parseBackupCommand(["restore", "--from", "/b", "--data", "/d", "--replace"], env)).toEqual({
    kind: "restore",
    dataFolder: "/d",
    from: "/b",
    replace: true,
  });
  expect(parseBackupCommand(["--quiet"], env)).toBeNull();
  for (const wrong of [
    ["backup"],
    ["restore"],
    ["backup", "--from", "/b"],
    ["restore", "--from", "/b", "x"],
  ]) {
    expect(() => parseBackupCommand(wrong, env)).toThrow(expect.objectContaining({ code: "USAGE_INVALID" }));
  }
});
