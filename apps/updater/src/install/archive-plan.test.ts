import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MusterError, type ManifestFile } from "@muster/core";
import { ArchivePlan, type EntryHeader } from "./archive-plan.ts";

const listed = (path: string, size = 3): ManifestFile => ({
  path,
  size,
  mode: "0644",
  sha256: "a".repeat(64),
});
const plan = () => new ArchivePlan({ files: [listed("bin/agent"), listed("share/doc/words.txt", 5)] });
const header = (changes: Partial<EntryHeader>): EntryHeader => ({
  name: "bin/agent",
  type: "file",
  size: 3,
  paxKeys: [],
  ...changes,
});

test("the folders are those that the files are in, each after the one it is in", () => {
  expect(plan().folders).toEqual(["bin", "share", "share/doc"]);
});

test.for(["bin/agent", "./bin/agent"])("a listed file is admitted by the name %s", (name) => {
  expect(plan().admit(header({ name }))).toMatchObject({ path: "bin/agent" });
});

test.for(["bin", "bin/", "./bin/", "./", ".", "share/doc/"])(
  "the folder %j is admitted, and nothing is to be written",
  (name) => {
    expect(plan().admit(header({ name, type: "directory", size: 0 }))).toBeNull();
  },
);

describe("an entry is forbidden", () => {
  test.for<[string, Partial<EntryHeader>]>([
    ["with an absolute path", { name: "/bin/agent" }],
    ["that climbs out", { name: "../bin/agent" }],
    ["that climbs out from within", { name: "bin/../../agent" }],
    ["that climbs and comes back", { name: "bin/../bin/agent" }],
    ["with an empty name", { name: "" }],
    ["that is a folder with an empty name", { name: "", type: "directory", size: 0 }],
    ["with empty segments", { name: "bin//agent" }],
    ["with a dot segment", { name: "bin/./agent" }],
    ["with two leading dots and slashes", { name: "././bin/agent" }],
    ["with a backslash", { name: "bin\\agent" }],
    ["with a control character", { name: "bin/agent\n" }],
    ["with a drive", { name: "C:agent" }],
    ["that is a file with a folder's name", { name: "bin/agent/" }],
    ["that is a symbolic link", { type: "symlink", size: 0 }],
    ["that is a hard link", { type: "link", size: 0 }],
    ["that is a character device", { type: "character-device" }],
    ["that is a block device", { type: "block-device" }],
    ["that is a pipe", { type: "fifo" }],
    ["that is a contiguous file", { type: "contiguous-file" }],
    ["of a type nobody knows", { type: null }],
    ["that is sparse", { paxKeys: ["path", "GNU.sparse.major"] }],
    ["that is a folder with content", { name: "bin/", type: "directory", size: 3 }],
  ])("%s", ([, changes]) => {
    expect(() => plan().admit(header(changes))).toThrow(
      expect.objectContaining({ code: "ARCHIVE_ENTRY_FORBIDDEN" }),
    );
  });

  test.for<[string, Partial<EntryHeader>]>([
    ["a file", {}],
    ["a file, spelled differently", { name: "./bin/agent" }],
    ["a folder", { name: "bin/", type: "directory", size: 0 }],
  ])("that comes twice: %s", ([, changes]) => {
    const twice = plan();
    twice.admit(header({ ...changes, name: changes.name?.replace("./", "") ?? "bin/agent" }));
    expect(() => twice.admit(header(changes))).toThrow(
      expect.objectContaining({ code: "ARCHIVE_ENTRY_FORBIDDEN" }),
    );
  });
});

describe("an entry is not what the manifest lists", () => {
  test.for<[string, Partial<EntryHeader>]>([
    ["a file it does not name", { name: "bin/other" }],
    ["a file with another size", { size: 4 }],
    ["a folder it does not need", { name: "etc/", type: "directory", size: 0 }],
    ["a file where it has a folder", { name: "share/doc", size: 3 }],
    ["the same name in other letters", { name: "BIN/agent" }],
  ])("%s", ([, changes]) => {
    expect(() => plan().admit(header(changes))).toThrow(
      expect.objectContaining({ code: "ARCHIVE_TREE_MISMATCH" }),
    );
  });

  test("a file that does not come", () => {
    const short = plan();
    short.admit(header({}));
    expect(() => short.finish()).toThrow(expect.objectContaining({ code: "ARCHIVE_TREE_MISMATCH" }));
  });
});

const LISTED_OR_REFUSED = [
  null,
  "bin/agent",
  "share/doc/words.txt",
  "ARCHIVE_ENTRY_FORBIDDEN",
  "ARCHIVE_TREE_MISMATCH",
];

/** The path of what was admitted, null for a folder, or the code it was refused with. */
function admission(tried: ArchivePlan, entry: EntryHeader): string | null {
  try {
    return tried.admit(entry)?.path ?? null;
  } catch (error) {
    if (error instanceof MusterError) return error.code;
    throw error;
  }
}

test("whatever comes, nothing is admitted but what is listed", () => {
  const names = fc.oneof(
    fc.string(),
    fc.constantFrom("bin/agent", "./bin/agent", "bin", "share/doc/", "../x", "/etc"),
  );
  const types = fc.constantFrom("file", "directory", "symlink", "link", "fifo", null);
  fc.assert(
    fc.property(
      fc.array(fc.record({ name: names, type: types, size: fc.nat(6), paxKeys: fc.constant([]) })),
      (headers) => {
        const fuzzed = plan();
        const admitted = headers.map((entry) => admission(fuzzed, entry));
        expect(LISTED_OR_REFUSED).toEqual(expect.arrayContaining(admitted));
      },
    ),
  );
});
