import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { testTerminal } from "../testing/test-terminal.ts";
import { bar, partWidths } from "./bar.ts";
import { formatAgo, formatBytes, formatDuration } from "./format.ts";
import { liveLines } from "./live-lines.ts";
import { progressOn } from "./progress.ts";
import { facts, table } from "./table.ts";
import { cut, line, paint, plain, widthOf } from "./text.ts";

describe("text from outside", () => {
  test("cannot move the cursor, colour anything or turn around", () => {
    expect(plain("web\u001b[2J\u001b[31m-1\u0007\nnext\u202edne\u009b5A")).toBe("web-1\uFFFD next\uFFFDdne");
  });

  test("never keeps a control character, whatever it is", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(plain(text)).not.toMatch(/[\p{Cc}\p{Bidi_Control}]/u);
      }),
    );
  });

  test("is cut where there is no room, without breaking a character", () => {
    expect(cut("abcdef", 4)).toBe("abc…");
    expect(cut("abcd", 4)).toBe("abcd");
    expect(cut("🚀🚀🚀", 2)).toBe("🚀…");
  });

  test("is coloured only where colours show", () => {
    const { terminal } = testTerminal();
    expect(paint(terminal.stdout, "red", "x")).toBe("x");
    expect(paint({ ...terminal.stdout, colored: true }, "red", "x")).toBe("\u001b[31mx\u001b[39m");
  });

  test("of several pieces is cut as one line, colours not counted", () => {
    const output = { ...testTerminal().terminal.stdout, colored: true };
    const text = line(output, [["abc", "red"], ["def"], ["ghi"]], 5);
    expect(widthOf(text)).toBe(5);
    expect(text).toContain("abc");
  });
});

const columns = [
  { title: "NAME", value: ({ name }: { name: string; count: number | null }) => name },
  { title: "COUNT", value: ({ count }: { name: string; count: number | null }) => count },
  { title: "LAST", value: () => "x".repeat(200) },
];

const widest = (isTTY: boolean) =>
  Math.max(
    ...table(testTerminal({ isTTY }).terminal.stdout, columns, [{ name: "a", count: 1 }])
      .split("\n")
      .map(widthOf),
  );

describe("a table", () => {
  test("aligns its columns, numbers at the right, nothing as -", () => {
    const { terminal } = testTerminal();
    const rows = [
      { name: "a", count: 5 },
      { name: "longer", count: 12 },
    ];
    expect(table(terminal.stdout, columns.slice(0, 2), rows)).toBe(
      "NAME    COUNT\na           5\nlonger     12\n",
    );
    expect(table(terminal.stdout, columns.slice(0, 2), [{ name: "", count: null }])).toBe(
      "NAME  COUNT\n-     -\n",
    );
  });

  test("is as wide as it is in a pipe, and no wider than a terminal", () => {
    expect(widest(true)).toBe(100);
    expect(widest(false)).toBe(213);
  });

  test("of facts names each", () => {
    expect(
      facts(testTerminal().terminal.stdout, [
        ["A", 1],
        ["Long", null],
      ]),
    ).toBe("A     1\nLong  -\n");
  });
});

describe("numbers for people", () => {
  test.each([
    [0, "0ms"],
    [999, "999ms"],
    [1000, "1s"],
    [61_000, "1m 1s"],
    [3_600_000, "1h"],
    [90_061_000, "1d 1h"],
  ])("%d ms is %s", (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });

  test.each([
    [0, "0 B"],
    [999, "999 B"],
    [1000, "1.00 kB"],
    [999_499, "999 kB"],
    [999_500, "1.00 MB"],
    [4_200_000_000_000_000, "4.20 PB"],
  ])("%d bytes are %s", (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });

  test("a moment is now, so long ago, or never", () => {
    expect(formatAgo(10_000, 9500)).toBe("now");
    expect(formatAgo(70_000, 9000)).toBe("1m 1s ago");
    expect(formatAgo(10, null)).toBe("-");
  });
});

describe("a bar", () => {
  test("is full at one and empty at nothing, and has its width always", () => {
    expect(bar(0, 4)).toBe("░░░░");
    expect(bar(1, 4)).toBe("████");
    expect(bar(0.5, 4)).toBe("██░░");
    fc.assert(
      fc.property(fc.double({ noNaN: true }), fc.nat(60), (share, width) => {
        expect(widthOf(bar(share, width))).toBe(width);
      }),
    );
  });

  test("of parts shows each part that is there, and never more than its width", () => {
    expect(partWidths([50, 0, 50], 100, 10)).toEqual([5, 0, 5]);
    expect(partWidths([1, 1, 0], 10_000, 10)).toEqual([1, 1, 0]);
    fc.assert(
      fc.property(
        fc.array(fc.nat(1000), { maxLength: 6 }),
        fc.nat(2000),
        fc.integer({ min: 6, max: 80 }),
        (counts, total, width) => {
          const widths = partWidths(counts, total, width);
          expect(widths.reduce((sum, part) => sum + part, 0)).toBeLessThanOrEqual(width);
          expect(widths.every((part) => part >= 0)).toBe(true);
        },
      ),
    );
  });
});

describe("lines that change where they are", () => {
  test("are drawn over those before, until they are left as they are", () => {
    const { terminal, written } = testTerminal({ isTTY: true });
    const lines = liveLines(terminal.stdout);
    lines.show(["a", "b"]);
    lines.show(["c"]);
    lines.end();
    lines.show(["d"]);
    expect(written.stdout).toBe("a\nb\n\u001b[2A\r\u001b[Jc\nd\n");
  });
});

const upload = (isTTY: boolean, json: boolean, tickMs: number) => {
  const { terminal, written } = testTerminal({ isTTY });
  let now = 0;
  const progress = progressOn({ stderr: terminal.stderr, now: () => now }, json);
  progress.begin("a.tar.gz", 2000);
  now += tickMs;
  progress.advance(1000);
  progress.finish();
  return written.stderr;
};

describe("progress", () => {
  test("is a bar on a terminal", () => {
    expect(upload(true, false, 100)).toContain(
      " 50% ███████████████░░░░░░░░░░░░░░░ 1.00 kB of 2.00 kB  a.tar.gz",
    );
  });

  test("is a line now and then in a log, and nothing for what is quick", () => {
    expect(upload(false, false, 6000)).toBe("a.tar.gz: 1.00 kB of 2.00 kB\na.tar.gz: done\n");
    expect(upload(false, false, 10)).toBe("");
  });

  test("is silent under --json", () => {
    expect(upload(true, true, 6000)).toBe("");
  });
});
