import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { makePipe } from "../testing/make-pipe.ts";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { linkTarget, namesIn, readSmallFile, readSmallText } from "./reading.ts";

const rules = { maxBytes: 10 };

describe("a small file", () => {
  test.for(["", "x", "0123456789"])("is read whole: %j", (text) => {
    const path = `${temporaryFolder()}/file`;
    writeFileSync(path, text);
    expect(readSmallText(path, rules)).toBe(text);
  });

  test("that is not there is null", () => {
    const folder = temporaryFolder();
    writeFileSync(`${folder}/file`, "");
    expect(readSmallFile(`${folder}/missing`, rules)).toBeNull();
    expect(readSmallFile(`${folder}/file/inside`, rules)).toBeNull();
  });

  test.for<[string, (path: string) => void]>([
    ["too large", (path) => writeFileSync(path, "01234567890")],
    ["a link", (path) => symlinkSync("/etc/hostname", path)],
    ["a link to nothing", (path) => symlinkSync("nothing", path)],
    ["a folder", (path) => mkdirSync(path)],
    ["a pipe that nobody writes to", (path) => makePipe(path)],
    ["a device", (path) => symlinkSync("/dev/zero", path)],
  ])("that is %s is refused, and nothing hangs", ([, make]) => {
    const path = `${temporaryFolder()}/file`;
    make(path);
    expect(() => readSmallFile(path, rules)).toThrow(expect.objectContaining({ code: "FILE_NOT_READABLE" }));
  });

  test("may be a link where that is allowed, but not one to a device", () => {
    const folder = temporaryFolder();
    writeFileSync(`${folder}/file`, "content");
    symlinkSync("file", `${folder}/link`);
    symlinkSync("/dev/zero", `${folder}/device`);
    expect(readSmallText(`${folder}/link`, { ...rules, followLink: true })).toBe("content");
    expect(() => readSmallFile(`${folder}/device`, { ...rules, followLink: true })).toThrow(
      "is not a plain file",
    );
  });

  test("with bytes that are no UTF-8 does not read as any text of ours", () => {
    const path = `${temporaryFolder()}/file`;
    writeFileSync(path, Buffer.from([0x7b, 0xff, 0x7d]));
    expect(readSmallText(path, rules)).toBe("{\ufffd}");
  });
});

test("a link says where it points; what is no link says nothing", () => {
  const folder = temporaryFolder();
  symlinkSync("versions/1.0.0", `${folder}/current`);
  writeFileSync(`${folder}/file`, "");
  expect([`${folder}/current`, `${folder}/file`, `${folder}/none`].map(linkTarget)).toEqual([
    "versions/1.0.0",
    null,
    null,
  ]);
});

test("a folder that is not there has no names in it", () => {
  expect(namesIn("/nowhere/at/all")).toEqual([]);
});
