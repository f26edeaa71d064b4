import { mkdirSync, writeFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { hostLayout, OUTPUT_TAIL_MAX } from "@muster/core";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { outputSinceSwitch, printable, startLine, tailOf } from "./output-tail.ts";

const log = (...lines: readonly string[]) => lines.join("\n");

describe("the output of a version", () => {
  test("begins with its first start since another version ran", () => {
    const text = log(
      startLine("1.1.0"),
      "an earlier try",
      startLine("1.0.0"),
      "old",
      startLine("1.1.0", " (start 1 on probation)"),
      "boom",
      startLine("1.1.0", " (start 2 on probation)"),
      "boom again",
    );
    expect(tailOf(text, "1.1.0")).toBe(
      log(
        startLine("1.1.0", " (start 1 on probation)"),
        "boom",
        startLine("1.1.0", " (start 2 on probation)"),
        "boom again",
      ),
    );
  });

  test("is empty when it never started", () => {
    expect(tailOf(log(startLine("1.0.0"), "old"), "1.1.0")).toBe("");
    expect(tailOf("", "1.1.0")).toBe("");
  });

  test("does not end with the words of the version that came back", () => {
    expect(tailOf(log(startLine("1.1.0"), "boom", startLine("1.0.0"), "back"), "1.1.0")).toBe("");
  });

  test("is cut at its beginning, and can be shown anywhere", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 50 }), (words) => {
        const tail = tailOf(log(startLine("1.1.0"), words, "x".repeat(OUTPUT_TAIL_MAX), "the end"), "1.1.0");
        expect(tail.length).toBeLessThanOrEqual(OUTPUT_TAIL_MAX);
        expect(tail.endsWith("the end")).toBe(true);
        expect(tail.isWellFormed()).toBe(true);
      }),
    );
  });

  test("is found in both files of the log", () => {
    const layout = hostLayout(temporaryFolder());
    mkdirSync(`${layout.root}/log`);
    writeFileSync(`${layout.payloadLog}.1`, log(startLine("1.0.0"), startLine("1.1.0"), "first\n"));
    writeFileSync(layout.payloadLog, "second\n");
    expect(outputSinceSwitch(layout, "1.1.0")).toBe(log(startLine("1.1.0"), "first", "second"));
  });

  test("is empty without a log", () => {
    expect(outputSinceSwitch(hostLayout(temporaryFolder()), "1.1.0")).toBe("");
  });
});

test("what can be shown has no control characters but line ends and tabs", () => {
  expect(printable("a\u001b[31mb\u0000\tc\r\n\u009bd\ud800")).toBe("a[31mb\tc\nd\ufffd");
});
