import { statSync, writeFileSync, existsSync } from "node:fs";
import { gzipSync, gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { MusterError, type Artifact } from "@muster/core";
import { sha256Hex } from "@muster/trust";
import { nodeHostFs } from "../fs/node-host-fs.ts";
import {
  packEntries,
  packFiles,
  PLATFORM,
  type FixtureFile,
  type TarEntry,
} from "../testing/release-fixture.ts";
import { recordingFs } from "../testing/recording-fs.ts";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { extractArchive } from "./extract.ts";
import { requireExactTree } from "./publish.ts";

const FILES: Record<string, FixtureFile> = {
  "bin/agent": { content: "#!/bin/sh\n", mode: "0755" },
  "share/doc/words.txt": { content: "words" },
  empty: { content: "" },
};

function artifactOf(files: Readonly<Record<string, FixtureFile>>): Artifact {
  return {
    ...PLATFORM,
    url: "https://releases.example/a.tar.gz",
    sha256: "a".repeat(64),
    size: 1,
    format: "tar.gz",
    entrypoint: Object.keys(files)[0] ?? "",
    files: Object.entries(files).map(([path, { content, mode = "0644" }]) => ({
      path,
      mode,
      sha256: sha256Hex(content),
      size: Buffer.byteLength(content),
    })),
  };
}

async function extract(archive: Uint8Array, files = FILES, fs = nodeHostFs): Promise<string> {
  const folder = temporaryFolder();
  writeFileSync(`${folder}/archive.tar.gz`, archive);
  await extractArchive(fs, {
    archive: `${folder}/archive.tar.gz`,
    folder: `${folder}/tree`,
    artifact: artifactOf(files),
  });
  return `${folder}/tree`;
}

/** That the tree came out, or the code of why not. */
async function extracted(archive: Uint8Array): Promise<string> {
  try {
    requireExactTree(await extract(archive), artifactOf(FILES));
    return "the tree";
  } catch (error) {
    if (error instanceof MusterError) return error.code;
    throw error;
  }
}

const entry = (name: string, content = "", header: Partial<TarEntry["header"]> = {}): TarEntry => ({
  header: { name, ...header },
  content,
});
const GOOD: readonly TarEntry[] = Object.entries(FILES).map(([name, { content }]) => entry(name, content));
const rejection = (code: string) => expect.objectContaining({ code });

test("the tree is what the manifest lists, with the manifest's modes", async () => {
  const tree = await extract(
    await packEntries(GOOD.map((each) => ({ ...each, header: { ...each.header, mode: 0o4777 } }))),
  );
  requireExactTree(tree, artifactOf(FILES));
  expect(statSync(`${tree}/bin/agent`).mode & 0o7777).toBe(0o755);
  expect(statSync(`${tree}/share/doc/words.txt`).mode & 0o7777).toBe(0o644);
});

test("folders may come, late or not at all, and names may begin with ./", async () => {
  const entries = [
    ...GOOD.map((each) => entry(`./${each.header.name}`, each.content)),
    entry("./", "", { type: "directory" }),
  ];
  expect(await extracted(await packEntries(entries))).toBe("the tree");
  expect(await extracted(await packFiles(FILES))).toBe("the tree");
});

test("long names and names beyond ASCII are kept", async () => {
  const files = { [`${"long/".repeat(40)}name`]: { content: "x" }, "größe/日本語.txt": { content: "y" } };
  const tree = await extract(await packFiles(files), files);
  expect(() => requireExactTree(tree, artifactOf(files))).not.toThrow();
});

test("every file and folder is fsynced, files before the folder they are in", async () => {
  const { fs, operations } = recordingFs();
  await extract(await packFiles(FILES), FILES, fs);
  const syncs = operations.filter(({ kind }) => kind === "sync" || kind === "sync_folder");
  expect(syncs.map((each) => ("path" in each ? each.path.replace(/.*tree/, "tree") : "file"))).toEqual([
    "file",
    "file",
    "file",
    "tree/share/doc",
    "tree/share",
    "tree/bin",
    "tree",
  ]);
});

describe("a hostile archive", () => {
  test.for<[string, string, readonly TarEntry[]]>([
    ["with an absolute path", "ARCHIVE_ENTRY_FORBIDDEN", [entry("/etc/cron.d/x", "x")]],
    ["with a path that climbs", "ARCHIVE_ENTRY_FORBIDDEN", [entry("../../x", "x")]],
    [
      "with a symbolic link",
      "ARCHIVE_ENTRY_FORBIDDEN",
      [entry("bin", "", { type: "symlink", linkname: "/etc" })],
    ],
    [
      "with a hard link",
      "ARCHIVE_ENTRY_FORBIDDEN",
      [entry("bin/agent", "", { type: "link", linkname: "/etc/passwd" })],
    ],
    [
      "with a device",
      "ARCHIVE_ENTRY_FORBIDDEN",
      [entry("bin/agent", "", { type: "character-device", devmajor: 1, devminor: 3 })],
    ],
    ["with a pipe", "ARCHIVE_ENTRY_FORBIDDEN", [entry("bin/agent", "", { type: "fifo" })]],
    ["with a file twice", "ARCHIVE_ENTRY_FORBIDDEN", [...GOOD, entry("bin/agent", "#!/bin/sh\n")]],
    [
      "with a sparse file",
      "ARCHIVE_ENTRY_FORBIDDEN",
      [entry("bin/agent", "#!/bin/sh\n", { pax: { "GNU.sparse.major": "1" } })],
    ],
    [
      "with a path hidden in a pax header",
      "ARCHIVE_ENTRY_FORBIDDEN",
      [entry("bin/agent", "#!/bin/sh\n", { pax: { path: "../x" } })],
    ],
    ["with a file nobody listed", "ARCHIVE_TREE_MISMATCH", [...GOOD, entry("bin/extra", "x")]],
    [
      "with a folder nobody listed",
      "ARCHIVE_TREE_MISMATCH",
      [...GOOD, entry("extra", "", { type: "directory" })],
    ],
    ["with other content of the same size", "ARCHIVE_TREE_MISMATCH", [entry("bin/agent", "#!/bin/SH\n")]],
    ["with content of another size", "ARCHIVE_TREE_MISMATCH", [entry("bin/agent", "#!/bin/sh\n\n")]],
    ["without one of the files", "ARCHIVE_TREE_MISMATCH", GOOD.slice(1)],
    ["with nothing in it", "ARCHIVE_TREE_MISMATCH", []],
  ])("%s is refused with %s", async ([, code, entries]) => {
    await expect(extract(await packEntries(entries))).rejects.toThrow(rejection(code));
  });

  test("writes nothing outside its folder", async () => {
    const folder = temporaryFolder();
    writeFileSync(`${folder}/archive.tar.gz`, await packEntries([entry("../escaped", "x"), ...GOOD]));
    const extraction = {
      archive: `${folder}/archive.tar.gz`,
      folder: `${folder}/tree`,
      artifact: artifactOf(FILES),
    };
    await expect(extractArchive(nodeHostFs, extraction)).rejects.toThrow(
      rejection("ARCHIVE_ENTRY_FORBIDDEN"),
    );
    expect(existsSync(`${folder}/escaped`)).toBe(false);
  });

  test("that is a bomb is cut off", async () => {
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024));
    expect(bomb.byteLength).toBeLessThan(100_000);
    await expect(extract(bomb)).rejects.toThrow(rejection("ARCHIVE_TOO_LARGE"));
  });

  test("with a huge extended header is cut off", async () => {
    const comment = "c".repeat(3 * 1024 * 1024);
    await expect(
      extract(await packEntries([entry("bin/agent", "#!/bin/sh\n", { pax: { comment } })])),
    ).rejects.toThrow(rejection("ARCHIVE_TOO_LARGE"));
  });

  test.for<[string, (archive: Buffer) => Uint8Array]>([
    ["cut off in its compression", (archive) => archive.subarray(0, -20)],
    ["cut off in an entry", (archive) => gzipSync(gunzipSync(archive).subarray(0, 700))],
    ["no gzip at all", () => Buffer.from("hello")],
    ["empty", () => new Uint8Array()],
    ["gzip of something else", () => gzipSync(Buffer.from("x".repeat(2000)))],
    [
      "with a wrong checksum in a header",
      (archive) => {
        const tar = gunzipSync(archive);
        tar[0] = 0x5a;
        return gzipSync(tar);
      },
    ],
  ])("%s is refused with ARCHIVE_INVALID", async ([, damage]) => {
    const archive = Buffer.from(await packEntries(GOOD));
    await expect(extract(damage(archive))).rejects.toThrow(rejection("ARCHIVE_INVALID"));
  });

  test("with any byte changed never yields another tree", async () => {
    const tar = gunzipSync(await packEntries(GOOD));
    for (let at = 0; at < tar.byteLength; at += 37) {
      const changed = Buffer.from(tar);
      changed[at] = (changed[at] ?? 0) ^ 0x41;
      expect(await extracted(gzipSync(changed))).toMatch(/^(?:the tree|ARCHIVE_[A-Z_]+)$/);
    }
  });
});
