import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MusterError } from "../errors.ts";
import { decode } from "../parse/decode.ts";
import {
  mutated,
  outcomeOf,
  firstMistake,
  withoutEach,
  withUnknownMembers,
  wronglyTyped,
} from "../testing/index.ts";
import {
  artifactFor,
  assetNames,
  encodeManifest,
  MANIFEST_MAX_BYTES,
  manifestDecoder,
  nameDecoder,
  parseManifest,
  safePathDecoder,
  type Artifact,
  type Manifest,
} from "./manifest.ts";

const digest = "ab".repeat(32);
const artifact: Artifact = {
  os: "linux",
  arch: "amd64",
  url: "https://example.com/acme_1.2.3_linux_amd64.tar.gz",
  sha256: digest,
  size: 1234,
  format: "tar.gz",
  entrypoint: "bin/acme",
  files: [
    { path: "bin/acme", mode: "0755", sha256: digest, size: 1000 },
    { path: "share/notice.txt", mode: "0644", sha256: digest, size: 0 },
  ],
};
const manifest: Manifest = {
  schema: 1,
  product: "acme",
  version: "1.2.3",
  channel: "stable",
  notes: "Löst das Problem. 🚚",
  floor: "1.0.0",
  artifacts: [artifact, { ...artifact, arch: "arm64" }],
};
const decoding = { decoder: manifestDecoder, code: "MANIFEST_INVALID" } as const;
const outcome = (value: unknown) => outcomeOf(decoding, value);
const withArtifact = (change: object) => ({ ...manifest, artifacts: [{ ...artifact, ...change }] });
const withFiles = (...paths: readonly string[]) =>
  withArtifact({ files: paths.map((path) => ({ ...artifact.files[0], path })), entrypoint: paths[0] });
const bytes = (text: string) => new TextEncoder().encode(text);

test("a right manifest is taken as it is", () => {
  expect(outcome(manifest)).toEqual({ accepted: manifest });
  const { floor: _, ...without } = manifest;
  expect(outcome(without)).toEqual({ accepted: without });
});

describe("every field", () => {
  const optional = [
    "without floor",
    "without artifacts.0",
    "without artifacts.1",
    "without artifacts.0.files.1",
    "without artifacts.1.files.1",
  ];

  test.each(withoutEach(manifest).filter(({ name }) => !optional.includes(name)))(
    "is needed: $name",
    ({ value }) => {
      expect(outcome(value)).toHaveProperty("refused");
    },
  );

  test.each(wronglyTyped(manifest))("has its type: $name", ({ value }) => {
    expect(outcome(value)).toHaveProperty("refused");
  });

  test.each(withUnknownMembers(manifest))("is known: $name", ({ name, value }) => {
    const field = name.replaceAll(/\.(\d+)/g, "[$1]");
    expect(outcome(value)).toEqual({ refused: { field, problem: "is not a known field" } });
  });
});

test("whatever comes, a manifest is taken as it is or refused with its code", () => {
  const values = fc.oneof({ weight: 4, arbitrary: mutated(manifest) }, fc.jsonValue(), fc.anything());
  expect(firstMistake(decoding, values)).toBeNull();
});

describe("the rules", () => {
  test.each<[string, unknown, string, RegExp]>([
    ["another schema", { ...manifest, schema: 2 }, "schema", /must be 1/],
    ["a version with a v", { ...manifest, version: "v1.2.3" }, "version", /semantic version/],
    ["a product with a slash", { ...manifest, product: "a/b" }, "product", /lower-case/],
    ["notes without end", { ...manifest, notes: "x".repeat(65_537) }, "notes", /at most 65536/],
    ["a floor above itself", { ...manifest, floor: "1.2.4" }, "floor", /above the version itself/],
    ["a platform twice", { ...manifest, artifacts: [artifact, artifact] }, "artifacts", /platform twice/],
    ["no artifact", { ...manifest, artifacts: [] }, "artifacts", /at least 1/],
    ["http", withArtifact({ url: "http://example.com/a" }), "artifacts[0].url", /https address/],
    [
      "an address with a space",
      withArtifact({ url: "https://example.com/ a" }),
      "artifacts[0].url",
      /https address/,
    ],
    [
      "an address with a NUL",
      withArtifact({ url: "https://example.com/\u0000" }),
      "artifacts[0].url",
      /https address/,
    ],
    [
      "an address that looks like another",
      withArtifact({ url: "https://exаmple.com/a" }),
      "artifacts[0].url",
      /https address/,
    ],
    [
      "a digest in capitals",
      withArtifact({ sha256: digest.toUpperCase() }),
      "artifacts[0].sha256",
      /64 lower-case/,
    ],
    ["an empty archive", withArtifact({ size: 0 }), "artifacts[0].size", /between 1/],
    [
      "an archive over the limit",
      withArtifact({ size: 8 * 1024 ** 3 + 1 }),
      "artifacts[0].size",
      /between 1/,
    ],
    ["another format", withArtifact({ format: "zip" }), "artifacts[0].format", /tar.gz/],
    [
      "an entrypoint that is no file of it",
      withArtifact({ entrypoint: "bin/other" }),
      "artifacts[0].entrypoint",
      /one of the files/,
    ],
    ["no files", withArtifact({ files: [] }), "artifacts[0].files", /at least 1/],
    [
      "a set-uid file",
      withArtifact({ files: [{ ...artifact.files[0], mode: "4755" }] }),
      "artifacts[0].files[0].mode",
      /0644, 0755/,
    ],
    ["a path twice", withFiles("a", "b", "a"), "artifacts[0].files", /path twice/],
    ["a path twice but for case", withFiles("a", "Read.me", "read.ME"), "artifacts[0].files", /path twice/],
    ["a file as a folder", withFiles("bin", "bin/acme"), "artifacts[0].files", /file as a folder/],
    [
      "a file as a folder but for case",
      withFiles("BIN", "bin/x/acme"),
      "artifacts[0].files",
      /file as a folder/,
    ],
  ])("%s is refused", (_, value, field, problem) => {
    expect(outcome(value)).toEqual({ refused: { field, problem: expect.stringMatching(problem) } });
  });

  test("a floor that is the version itself is allowed, and so are names that begin alike", () => {
    expect(outcome({ ...manifest, floor: "1.2.3" })).toHaveProperty("accepted");
    expect(outcome(withFiles("bin", "bin2/acme", "bin.txt"))).toHaveProperty("accepted");
  });
});

const path = (value: string) => outcomeOf({ decoder: safePathDecoder, code: "MANIFEST_INVALID" }, value);

describe("a path", () => {
  test.each([
    "a",
    "bin/acme",
    ".hidden",
    "a..b/...c",
    "with space/x",
    "-rf",
    "ünï/цвет",
    "a".repeat(255),
    "console",
    "com10",
  ])("%j is safe", (value) => expect(path(value)).toEqual({ accepted: value }));

  test.each([
    "",
    "/",
    "/etc/passwd",
    "a//b",
    "a/",
    ".",
    "..",
    "a/../b",
    "./a",
    "..\\a",
    "C:/x",
    "c:x",
    "a\u0000b",
    "a\nb",
    "a\u0085b",
    "a\u202eb",
    "a\u200bb",
    "\ufeffa",
    "a\ud800",
    ".. /x",
    "a./b",
    "a /b",
    "what?",
    "a|b",
    "<a>",
    "NUL",
    "dir/con.txt",
    "lpt1",
    "u\u0308",
    "a".repeat(256),
    "é".repeat(128),
    `${"a/".repeat(256)}a`,
  ])("%j is not", (value) => expect(path(value)).toHaveProperty("refused"));

  test("stays inside the folder that it is joined to", () => {
    const unit = fc.constantFrom(...Array.from("ab./\\: \u0000\u202e~C"));
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 12 }), (value) => {
        fc.pre("accepted" in path(value));
        expect(new URL(value.replaceAll("%", "%25"), "file:///root/folder/").pathname).toMatch(
          /^\/root\/folder\/./,
        );
        expect(value).not.toMatch(/[\\:\u0000\u202e]|(?:^|\/)[. ]*(?:\/|$)/);
      }),
      { numRuns: 2000 },
    );
  });
});

test.each(["Acme", "", "-a", "a-", "a--b", "a..b", "a/b", "a b", "ä", "x".repeat(65)])(
  "%j is not a name",
  (value) => {
    expect(() => decode(nameDecoder, value, "MANIFEST_INVALID")).toThrow(MusterError);
  },
);

describe("the exact bytes", () => {
  test("written and read again are the same manifest", () => {
    expect(parseManifest(encodeManifest(manifest))).toEqual(manifest);
  });

  const text = new TextDecoder().decode(encodeManifest(manifest));
  test.each<[string, string]>([
    ["a space more", text.replace(":", ": ")],
    ["a line feed at the end", `${text}\n`],
    ["members in another order", JSON.stringify(Object.fromEntries(Object.entries(manifest).toReversed()))],
    ["a member twice", text.replace('"schema":1', '"schema":1,"schema":1')],
    ["a number written otherwise", text.replace('"schema":1', '"schema":1.0')],
    ["an escape that is not needed", text.replace("acme", "\\u0061cme")],
    ["a slash escaped", text.replace("bin/acme", "bin\\/acme")],
  ])("%s: not canonical", (_, changed) => {
    expect(changed).not.toBe(text);
    expect(() => parseManifest(bytes(changed))).toThrow(
      expect.objectContaining({ code: "MANIFEST_NOT_CANONICAL" }),
    );
  });

  test.each<[string, Uint8Array]>([
    ["nothing", new Uint8Array()],
    ["a byte order mark", bytes(`\ufeff${text}`)],
    ["bytes that are not UTF-8", new Uint8Array([0x22, 0xff, 0x22])],
    ["an overlong form of a slash", new Uint8Array([0x22, 0xc0, 0xaf, 0x22])],
    ["half a character", encodeManifest(manifest).slice(0, text.indexOf("ö") + 1)],
    ["a lone surrogate in the notes", bytes(text.replace("Löst", "\\ud800"))],
    ["more than fits in a message", new Uint8Array(MANIFEST_MAX_BYTES + 1).fill(0x20)],
    ["a list", bytes("[]")],
  ])("%s: not a manifest", (_, data) => {
    expect(() => parseManifest(data)).toThrow(expect.objectContaining({ code: "MANIFEST_INVALID" }));
  });

  test("a byte changed anywhere is refused, or is another manifest whose bytes these are", () => {
    const original = encodeManifest(manifest);
    fc.assert(
      fc.property(fc.nat({ max: original.length - 1 }), fc.integer({ min: 1, max: 255 }), (place, flip) => {
        const changed = original.map((byte, index) => (index === place ? byte ^ flip : byte));
        return isRefused(changed) || sameBytes(encodeManifest(parseManifest(changed)), changed);
      }),
      { numRuns: 2000 },
    );
  });
});

function isRefused(data: Uint8Array): boolean {
  try {
    parseManifest(data);
    return false;
  } catch (error) {
    if (!(error instanceof MusterError)) throw error;
    return error.code === "MANIFEST_INVALID" || error.code === "MANIFEST_NOT_CANONICAL";
  }
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

test("an artifact is found by platform", () => {
  expect(artifactFor(manifest, { os: "linux", arch: "arm64" })).toBe(manifest.artifacts[1]);
  expect(() => artifactFor(manifest, { os: "windows", arch: "amd64" })).toThrow(
    expect.objectContaining({
      code: "ARTIFACT_NOT_FOUND",
      details: { version: "1.2.3", os: "windows", arch: "amd64" },
    }),
  );
});

test("assets have fixed names", () => {
  expect([
    assetNames.manifest("acme"),
    assetNames.signature("acme"),
    assetNames.archive("acme", "1.2.3", { os: "linux", arch: "amd64" }),
  ]).toEqual([
    "acme-release-manifest.json",
    "acme-release-manifest.json.sig",
    "acme_1.2.3_linux_amd64.tar.gz",
  ]);
});
