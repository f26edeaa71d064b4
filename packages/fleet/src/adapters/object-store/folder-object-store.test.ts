import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { arriving } from "../../testing/arriving.ts";
import { createMemoryObjectStore } from "../../testing/memory-object-store.ts";
import { OBJECT_STORE_CONTRACT } from "../../testing/object-store.contract.ts";
import { openFolderObjectStore } from "./folder-object-store.ts";

let base: string;
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), "muster-objects-"));
});
afterAll(() => rm(base, { recursive: true, force: true }));

const newFolder = () => mkdtemp(join(base, "store-"));

const STORES = {
  folder: async () => openFolderObjectStore(await newFolder()),
  memory: async () => createMemoryObjectStore(),
};

describe.each(Object.entries(STORES))("the %s object store", (_, open) => {
  test.each(Object.entries(OBJECT_STORE_CONTRACT))("%s", async (_sentence, check) => {
    await expect(check(await open())).resolves.toBeUndefined();
  });
});

describe("on disk", () => {
  const content = Buffer.from("content");
  const sha256 = createHash("sha256").update(content).digest("hex");

  test("an object is there for the next process, readable by its owner only", async () => {
    const folder = await newFolder();
    const first = await openFolderObjectStore(folder);
    await first.put({ sha256, sizeBytes: content.length }, Readable.from([content]));
    const next = await openFolderObjectStore(folder);
    expect(await next.has(sha256)).toBe(true);
    const path = join(folder, "sha256", sha256.slice(0, 2), sha256);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  test("what a kill left half-written is swept when the store is opened", async () => {
    const folder = await newFolder();
    await mkdir(join(folder, "incoming"), { recursive: true });
    await writeFile(join(folder, "incoming", "left-over"), "half");
    await openFolderObjectStore(folder);
    expect(await readdir(join(folder, "incoming"))).toEqual([]);
  });

  test("a beginning is kept over a restart for a week, and read again before it is gone on with", async () => {
    const folder = await newFolder();
    const store = await openFolderObjectStore(folder);
    async function* breaking() {
      yield content.subarray(0, 3);
      throw new Error("the power went");
    }
    const put = store.putResumable({ sha256, sizeBytes: content.length }, async () => arriving(breaking()));
    await expect(put).rejects.toThrow("the power went");
    const part = join(folder, "incoming", `${sha256}.part`);
    expect((await stat(part)).mode & 0o777).toBe(0o600);
    await writeFile(part, "CON");
    const asked: (number | undefined)[] = [];
    const resume = async () => {
      const next = await openFolderObjectStore(folder);
      await next.putResumable({ sha256, sizeBytes: content.length }, async (from) => {
        asked.push(from?.byte);
        return arriving([content.subarray(from?.byte)], { startsAt: from?.byte ?? 0 });
      });
    };
    await resume();
    expect(asked).toEqual([3, undefined]);
    expect(await readdir(join(folder, "incoming"))).toEqual([]);
  });

  test("one that came whole before the kill is put in place without asking for it again", async () => {
    const folder = await newFolder();
    await mkdir(join(folder, "incoming"));
    await writeFile(join(folder, "incoming", `${sha256}.part`), content);
    const store = await openFolderObjectStore(folder);
    await store.putResumable({ sha256, sizeBytes: content.length }, () => {
      throw new Error("nothing should be asked for");
    });
    expect(await store.has(sha256)).toBe(true);
  });

  test("a beginning that nobody went on with for a week is swept", async () => {
    const folder = await newFolder();
    await mkdir(join(folder, "incoming"));
    const part = join(folder, "incoming", `${sha256}.part`);
    await writeFile(part, "con");
    const longAgo = new Date(Date.now() - 8 * 86_400_000);
    await utimes(part, longAgo, longAgo);
    await openFolderObjectStore(folder);
    expect(await readdir(join(folder, "incoming"))).toEqual([]);
  });

  test("a refused object leaves no file behind", async () => {
    const folder = await newFolder();
    const store = await openFolderObjectStore(folder);
    const put = store.put({ sha256, sizeBytes: content.length }, Readable.from([Buffer.from("CONTENT")]));
    await expect(put).rejects.toMatchObject({ code: "ARTIFACT_DIGEST_MISMATCH" });
    expect(await readdir(join(folder, "incoming"))).toEqual([]);
    expect(await readdir(join(folder, "sha256"))).toEqual([]);
  });

  test("a folder that cannot be made is reported with its path", async () => {
    const folder = await newFolder();
    await writeFile(join(folder, "file"), "");
    await expect(openFolderObjectStore(join(folder, "file"))).rejects.toMatchObject({
      code: "FILE_NOT_WRITABLE",
      details: { path: join(folder, "file") },
    });
  });
});
