import { createHash } from "node:crypto";
import { appendFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { encodeManifest, type Manifest } from "../packages/core/src/index.ts";
import { generateSigningKey, rawPublicKey, signManifest } from "../packages/trust/src/index.ts";
import { readSeedFolder } from "./seed.ts";
import { put, temporaryFolder } from "./testing/stand-ins.ts";

const ARCHIVE = "acme_1.0.0_linux_amd64.tar.gz";
const MANIFEST = "acme-release-manifest.json";
const key = generateSigningKey();
const anchor = anchorOf(key);

function anchorOf(signer: ReturnType<typeof generateSigningKey>) {
  return { schema: 1 as const, threshold: 1, keys: [{ name: "release", publicKey: rawPublicKey(signer) }] };
}

/** A release's folder, as `muster release build` and `sign` leave it. */
function release(): string {
  const folder = temporaryFolder();
  const archive = "stands for an archive";
  put(join(folder, ARCHIVE), archive);
  const sha256 = createHash("sha256").update(archive).digest("hex");
  const manifest: Manifest = {
    schema: 1,
    product: "acme",
    version: "1.0.0",
    channel: "stable",
    notes: "",
    artifacts: [
      {
        os: "linux",
        arch: "amd64",
        url: `https://releases.example.com/${ARCHIVE}`,
        sha256,
        size: archive.length,
        format: "tar.gz",
        entrypoint: "bin/acme",
        files: [{ path: "bin/acme", mode: "0755", sha256, size: archive.length }],
      },
    ],
  };
  const bytes = encodeManifest(manifest);
  writeFileSync(join(folder, MANIFEST), bytes);
  writeFileSync(join(folder, `${MANIFEST}.sig`), signManifest(bytes, key));
  return folder;
}

test("a release that verifies is taken, with the archive of the package's architecture", () => {
  const folder = release();
  expect(readSeedFolder(folder, anchor, "amd64")).toEqual({
    folder,
    names: [MANIFEST, `${MANIFEST}.sig`, ARCHIVE],
  });
});

test.for<[string, (folder: string) => void, string]>([
  [
    "whose archive was changed",
    (folder) => appendFileSync(join(folder, ARCHIVE), "x"),
    "not what the manifest says",
  ],
  ["whose manifest was changed", (folder) => appendFileSync(join(folder, MANIFEST), " "), "SIGNATURE_"],
  ["without its archive", (folder) => rmSync(join(folder, ARCHIVE)), `${ARCHIVE} is missing`],
  ["without signatures", (folder) => rmSync(join(folder, `${MANIFEST}.sig`)), `${MANIFEST}.sig is missing`],
  ["without a manifest", (folder) => rmSync(join(folder, MANIFEST)), "there must be one release in it"],
  [
    "beside another",
    (folder) => void put(join(folder, `other-${MANIFEST}`), "{}"),
    "there must be one release",
  ],
])("a release %s is refused: no host would take it", ([, change, problem]) => {
  const folder = release();
  change(folder);
  expect(() => readSeedFolder(folder, anchor, "amd64")).toThrow(problem);
});

test("a release for other architectures, or by other keys, is refused", () => {
  expect(() => readSeedFolder(release(), anchor, "arm64")).toThrow("ARTIFACT_NOT_FOUND");
  expect(() => readSeedFolder(release(), anchorOf(generateSigningKey()), "amd64")).toThrow("SIGNATURE_");
});
