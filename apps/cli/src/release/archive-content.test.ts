import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { archiveOf, GOOD_TREE, type TestEntry } from "../testing/archives.ts";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { readArchive } from "./archive-content.ts";
import { parseArchiveName } from "./archive-name.ts";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder[Symbol.asyncDispose]());

const sha256 = (content: string | Uint8Array) => createHash("sha256").update(content).digest("hex");

async function read(bytes: Uint8Array) {
  const path = folder.at("archive.tar.gz");
  await writeFile(path, bytes);
  return readArchive(path);
}

const readEntries = async (entries: readonly TestEntry[]) => read(await archiveOf(entries));

describe("an archive", () => {
  test("gives its own digest and size, and its files sorted, with two modes only", async () => {
    const bytes = await archiveOf([...GOOD_TREE, { name: "a.sh", content: "", mode: 0o700 }]);
    expect(await read(bytes)).toEqual({
      sha256: sha256(bytes),
      size: bytes.byteLength,
      files: [
        { path: "a.sh", mode: "0755", sha256: sha256(""), size: 0 },
        { path: "bin/agent", mode: "0755", sha256: sha256("#!/bin/sh\necho 1.0.0\n"), size: 21 },
        { path: "share/notes.txt", mode: "0644", sha256: sha256("hello"), size: 5 },
      ],
    });
  });

  test("may be packed with `tar -C folder .`", async () => {
    const { files } = await readEntries([
      { name: "./", type: "directory" },
      { name: "./bin/", type: "directory" },
      { name: "./bin/agent", mode: 0o755 },
    ]);
    expect(files.map(({ path }) => path)).toEqual(["bin/agent"]);
  });

  test("may hold names that need an extended header", async () => {
    const name = `${"deep/".repeat(30)}file-ü.txt`;
    expect((await readEntries([{ name, content: "x" }])).files[0]?.path).toBe(name);
  });

  test("tells how far it is read", async () => {
    const bytes = await archiveOf(GOOD_TREE);
    await writeFile(folder.at("p.tar.gz"), bytes);
    let seen = 0;
    await readArchive(folder.at("p.tar.gz"), (count) => (seen = count));
    expect(seen).toBe(bytes.byteLength);
  });
});

describe("what a host would refuse", () => {
  test.each<[string, TestEntry]>([
    ["an absolute path", { name: "/etc/passwd", content: "x" }],
    ["a way up", { name: "../x", content: "x" }],
    ["a way up in the middle", { name: "bin/../../x", content: "x" }],
    ["a path for another system", { name: "bin\\x", content: "x" }],
    ["a drive letter", { name: "c:x", content: "x" }],
    ["a name that reads backwards", { name: "bin/\u202egpj.sh", content: "x" }],
    ["a symbolic link", { name: "link", type: "symlink", linkname: "bin/agent" }],
    ["a hard link", { name: "link", type: "link", linkname: "bin/agent" }],
    ["a pipe", { name: "pipe", type: "fifo" }],
    ["a device", { name: "device", type: "character-device" }],
    ["a file twice", { name: "bin/agent", content: "x" }],
    ["a file twice, spelt differently", { name: "./bin/agent", content: "x" }],
    ["a folder where a file is", { name: "bin/agent/", type: "directory" }],
    ["a folder without files", { name: "empty/", type: "directory" }],
    ["a set-uid bit", { name: "su", content: "x", mode: 0o4755 }],
    ["a sparse file", { name: "sparse", content: "x", pax: { "GNU.sparse.major": "1" } }],
  ])("%s is refused", async (_what, entry) => {
    await expect(readEntries([...GOOD_TREE, entry])).rejects.toMatchObject({
      code: "ARCHIVE_ENTRY_FORBIDDEN",
      details: { archive: folder.at("archive.tar.gz") },
    });
  });

  test.each([
    ["nothing at all", () => new Uint8Array()],
    ["no gzip", () => new TextEncoder().encode("hello")],
    ["no files", () => archiveOf([])],
    ["only folders", () => archiveOf([{ name: "./", type: "directory" as const }])],
  ])("%s is no archive", async (_what, bytes) => {
    await expect(read(await bytes())).rejects.toMatchObject({ code: "ARCHIVE_INVALID" });
  });

  test("an archive cut off anywhere is no archive", async () => {
    const bytes = await archiveOf(GOOD_TREE);
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.byteLength - 1), async (length) => {
        await expect(read(bytes.subarray(0, length))).rejects.toMatchObject({ code: "ARCHIVE_INVALID" });
      }),
      { numRuns: 40 },
    );
  });

  test("a file that is not there is named", async () => {
    await expect(readArchive(folder.at("nothing.tar.gz"))).rejects.toMatchObject({
      code: "FILE_NOT_READABLE",
      details: { path: folder.at("nothing.tar.gz"), problem: "does not exist" },
    });
  });
});

describe("an archive's name", () => {
  test("says product, version and platform, also with _ in the product", () => {
    expect(parseArchiveName("acme_agent_1.2.3-rc.1_linux_amd64.tar.gz")).toEqual({
      product: "acme_agent",
      version: "1.2.3-rc.1",
      os: "linux",
      arch: "amd64",
    });
  });

  test.each([
    "acme.tar.gz",
    "acme_1.2.3.tar.gz",
    "acme_v1.2.3_linux_amd64.tar.gz",
    "acme_1.2.3_linux_x64.tar.gz",
    "acme_1.2.3_solaris_amd64.tar.gz",
    "_1.2.3_linux_amd64.tar.gz",
    "acme_1.2.3_linux_amd64.zip",
  ])("%s is refused", (name) => {
    expect(() => parseArchiveName(name)).toThrow(expect.objectContaining({ code: "USAGE_INVALID" }));
  });
});
