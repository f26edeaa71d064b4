import { mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { sha256Hex } from "@muster/trust";
import { nodeHostFs } from "../fs/node-host-fs.ts";
import { makePipe } from "../testing/make-pipe.ts";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { copyArchive } from "./copy-archive.ts";

const content = Buffer.from("an archive".repeat(300_000));
const artifact = { sha256: sha256Hex(content), size: content.byteLength };
const copy = (from: string, to: string, expected = artifact) =>
  copyArchive(nodeHostFs, { from, to, artifact: expected });

test("the copy is the archive, and only its owner can read it", () => {
  const folder = temporaryFolder();
  writeFileSync(`${folder}/from`, content);
  copy(`${folder}/from`, `${folder}/to`);
  expect(readFileSync(`${folder}/to`).equals(content)).toBe(true);
  expect(statSync(`${folder}/to`).mode & 0o777).toBe(0o600);
});

test.for<[string, string, typeof artifact]>([
  ["shorter than signed", "ARTIFACT_SIZE_MISMATCH", { ...artifact, size: artifact.size + 1 }],
  ["longer than signed", "ARTIFACT_SIZE_MISMATCH", { ...artifact, size: artifact.size - 1 }],
  ["of other content", "ARTIFACT_DIGEST_MISMATCH", { ...artifact, sha256: "0".repeat(64) }],
])("an archive that is %s is refused with %s", ([, code, expected]) => {
  const folder = temporaryFolder();
  writeFileSync(`${folder}/from`, content);
  expect(() => copy(`${folder}/from`, `${folder}/to`, expected)).toThrow(expect.objectContaining({ code }));
});

test.for<[string, (path: string) => void]>([
  ["missing", () => {}],
  ["a link", (path) => symlinkSync("/etc/hostname", path)],
  ["a folder", (path) => mkdirSync(path)],
  ["a pipe", (path) => makePipe(path)],
])("an archive that is %s is refused, and nothing hangs", ([, make]) => {
  const folder = temporaryFolder();
  make(`${folder}/from`);
  expect(() => copy(`${folder}/from`, `${folder}/to`)).toThrow(
    expect.objectContaining({ code: "FILE_NOT_READABLE" }),
  );
});

test("what stands where the copy goes is never written to", () => {
  const folder = temporaryFolder();
  writeFileSync(`${folder}/from`, content);
  writeFileSync(`${folder}/victim`, "untouched");
  symlinkSync(`${folder}/victim`, `${folder}/to`);
  expect(() => copy(`${folder}/from`, `${folder}/to`)).toThrow(
    expect.objectContaining({ code: "HOST_FILE_FAILED" }),
  );
  expect(readFileSync(`${folder}/victim`, "utf8")).toBe("untouched");
});
