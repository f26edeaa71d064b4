import { mkdirSync, writeFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { hostLayout, OUTPUT_TAIL_MAX } from "@muster/core";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { LAUNCH_LINE, endOfPayloadLog, printable, startLine, tailOf } from "./output-tail.ts";

const lines = (...each: readonly string[]) => each.map((line) => `${line}\n`).join("");
const run = (version: string, ...words: readonly string[]) =>
  lines(LAUNCH_LINE, startLine(version), ...words);

describe("the output of a version", () => {
  test("begins with its first start since another version ran", () => {
    const log = [
      run("1.1.0", "an earlier try"),
      run("1.0.0", "old"),
      run("1.1.0", "boom"),
      run("1.1.0", "bang"),
    ];
    const text = lines(startLine("1.1.0"), "boom", startLine("1.1.0"), "bang");
    expect(tailOf(log.join(""), "1.1.0")).toBe(text.trim());
  });

  test("is empty when it never started", () => {
    expect(tailOf(run("1.0.0", "old"), "1.1.0")).toBe("");
    expect(tailOf("", "1.1.0")).toBe("");
  });

  test("does not end with the words of the version that came back", () => {
    expect(tailOf(`${run("1.1.0", "boom")}${run("1.0.0", "back")}`, "1.1.0")).toBe("");
  });

  test("has what was printed before the line that names it, which may come late", () => {
    const log = `${run("1.0.0", "old")}${lines(LAUNCH_LINE, "quick", startLine("1.1.0"), "slow")}`;
    expect(tailOf(log, "1.1.0")).toBe(lines("quick", startLine("1.1.0"), "slow").trim());
  });

  test("is there also when it printed so much that its beginning has gone", () => {
    expect(tailOf(lines("the middle", "the end"), "1.1.0")).toBe(lines("the middle", "the end").trim());
  });

  test("is cut at its beginning, and can be shown anywhere", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 20 }), (words) => {
        const tail = tailOf(run("1.1.0", words, "x".repeat(OUTPUT_TAIL_MAX), "the end"), "1.1.0");
        expect(tail.length).toBeLessThanOrEqual(OUTPUT_TAIL_MAX);
        expect(tail.endsWith("the end")).toBe(true);
        expect(tail.isWellFormed()).toBe(true);
      }),
    );
  });

  test("is found in both files of the log", () => {
    const layout = hostLayout(temporaryFolder());
    mkdirSync(`${layout.root}/log`);
    writeFileSync(`${layout.payloadLog}.1`, `${run("1.0.0")}${run("1.1.0", "first")}`);
    writeFileSync(layout.payloadLog, "second\n");
    expect(tailOf(endOfPayloadLog(layout), "1.1.0")).toBe(
      lines(startLine("1.1.0"), "first", "second").trim(),
    );
  });

  test("is empty without a log", () => {
    expect(endOfPayloadLog(hostLayout(temporaryFolder()))).toBe("");
  });
});

test("what can be shown has no control characters but line ends and tabs", () => {
  expect(printable("a\u001b[31mb\u0000\tc\r\n\u009bd\ud800")).toBe("a[31mb\tc\nd\ufffd");
});
