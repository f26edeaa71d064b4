import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { openRotatingLog } from "./rotating-log.ts";

const text = (path: string) => readFileSync(path, "utf8");

test("what is written is there at once, after what was there before", () => {
  const path = `${temporaryFolder()}/log`;
  writeFileSync(path, "before\n");
  const log = openRotatingLog(path);
  log.write(Buffer.from("after\n"));
  expect(text(path)).toBe("before\nafter\n");
  log.close();
});

test("a log never grows much beyond its two files", () => {
  const path = `${temporaryFolder()}/log`;
  const log = openRotatingLog(path, 100);
  for (let line = 0; line < 100; line += 1) log.write(Buffer.from(`line ${line}\n`));
  log.close();
  expect(statSync(path).size).toBeLessThanOrEqual(100);
  expect(statSync(`${path}.1`).size).toBeLessThanOrEqual(100);
  expect(text(path)).toMatch(/line 99\n$/);
  expect(`${text(`${path}.1`)}${text(path)}`).toMatch(/line 90\nline 91\n/);
});

test("a log that cannot be rotated goes on, and says what was lost when it can be again", () => {
  const folder = temporaryFolder();
  const path = `${folder}/log`;
  const log = openRotatingLog(path, 10);
  log.write(Buffer.from("1234567890"));
  rmSync(path);
  log.write(Buffer.from("lost"));
  expect(existsSync(path)).toBe(false);
  writeFileSync(path, "");
  log.write(Buffer.from("kept"));
  log.close();
  expect(`${text(`${path}.1`)}${text(path)}`).toContain("muster: 4 bytes of output are lost");
  expect(text(path)).toContain("kept");
});
