import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MusterError } from "../errors.ts";
import { aFilter, aFilterAgent, filterText } from "../testing/filter-arbitraries.ts";
import { allOf, anyOf, EVERY_AGENT, type Filter, notOf } from "./filter.ts";
import { type FilterAgent, filterMatcher, ruleMatcher } from "./match-filter.ts";
import { parseFilter, parseRule } from "./parse-filter.ts";
import { printFilter } from "./print-filter.ts";

const HOUR = 3_600_000;
const NOW = 1000 * HOUR;
const agent: FilterAgent = {
  id: "ag_7",
  hostname: "Web-01.example",
  product: "app",
  version: "2.5.1",
  os: "linux",
  arch: "amd64",
  labels: { env: "production", canary: "", rack: "r 4" },
  online: false,
  revoked: false,
  enrolledAt: NOW - 48 * HOUR,
  lastSeenAt: NOW - 2 * HOUR,
  targetState: "failed",
  targetVersion: null,
  stuck: false,
  groups: ["grp_1", "edge"],
};
const matches = (text: string, other: Partial<FilterAgent> = {}) =>
  filterMatcher(parseFilter(text))({ ...agent, ...other }, NOW);
const os = (value: string): Filter => ({ kind: "text", field: "os", is: [value] });
const word = (text: string): Filter => ({ kind: "word", text });

describe("a filter is read", () => {
  test.each<[string, Filter]>([
    ["", EVERY_AGENT],
    ["  ", EVERY_AGENT],
    ["*", EVERY_AGENT],
    ["web", word("web")],
    ['"a b"', word("a b")],
    ['"say \\"or\\""', word('say "or"')],
    ["web-01 os:linux", allOf([word("web-01"), os("linux")])],
    ["web AND os:linux", allOf([word("web"), os("linux")])],
    ["os:linux or os:darwin", anyOf([os("linux"), os("darwin")])],
    ["os:linux,darwin", anyOf([os("linux"), os("darwin")])],
    ["-os:linux,darwin", notOf(anyOf([os("linux"), os("darwin")]))],
    ["not (web or os:linux) db", allOf([notOf(anyOf([word("web"), os("linux")])), word("db")])],
    ["web os:linux or db", anyOf([allOf([word("web"), os("linux")]), word("db")])],
    ["--web", word("web")],
    ["version:<2.6", { kind: "version", op: "<", version: "2.6" }],
    ["version=2.6.0", { kind: "version", op: "=", version: "2.6.0" }],
    ["version:unknown", { kind: "version_unknown" }],
    ["host:web-*", { kind: "text", field: "hostname", is: ["web-", ""] }],
    ['host:"web-*"', { kind: "text", field: "hostname", is: ["web-*"] }],
    ["tag:canary", { kind: "label", key: "canary", is: null }],
    ["url=a:b", { kind: "label", key: "url", is: ["a:b"] }],
    ['env=""', { kind: "label", key: "env", is: [""] }],
    ["last_seen:>1h30m", { kind: "age", of: "last_seen", op: ">", ms: 1.5 * HOUR }],
    ["last_seen:never", { kind: "never_seen" }],
    ["is:offline", notOf({ kind: "is", flag: "online" })],
    ["group:edge", { kind: "group", group: "edge" }],
    ["target:2.0.0", { kind: "target", version: "2.0.0" }],
  ])("%j", (text, filter) => expect(parseFilter(text)).toEqual(filter));

  test("commas between labels are those of a label expression", () => {
    expect(parseFilter("env=production,os!=windows, -tag:pinned")).toEqual(
      parseFilter("env=production -os:windows -tag:pinned"),
    );
    expect(parseFilter("env=a,b")).toEqual(parseFilter("env=a or env=b"));
  });
});

describe("a bad filter names the place, counted from 1, and what is expected there", () => {
  test.each<[string, number, string]>([
    ["os:", 4, "a value"],
    ["os:linux nope:1", 10, "one of the fields id"],
    ["version:<two", 10, "a version such as 2.6.1"],
    ["state:happy", 7, "one of pending"],
    ["is:happy", 4, "one of online"],
    ["last_seen:1h", 11, "< (more recently than) or > (longer ago than)"],
    ["last_seen:>soon", 12, "a time such as"],
    ["os:>linux", 5, "a value; < and > are for version"],
    ["state:fail*", 7, "a value without *"],
    ["tag:os", 5, "the key of a label"],
    ["e!nv=x", 1, "the key of a label"],
    ["env=x;y", 5, "letters, digits"],
    ["(web", 5, "a closing )"],
    ["web)", 4, "no ) here"],
    ["web or", 7, "a condition"],
    ["or web", 1, "a condition"],
    ["-", 2, "a condition"],
    ["()", 2, "a condition"],
    ["web*", 4, "a space; a pattern needs its field"],
    ['host:"web', 6, 'a closing " after this'],
    [`${"(".repeat(40)}web`, 34, "at most 32 levels"],
    [Array.from({ length: 130 }, () => "a").join(" "), 257, "at most 128 conditions"],
    ["x".repeat(2049), 1, "at most 2048 characters"],
  ])("%j", (text, at, expected) => {
    expect(() => parseFilter(text)).toThrow(
      expect.objectContaining({
        code: "FILTER_INVALID",
        details: expect.objectContaining({ at, expected: expect.stringContaining(expected) }),
      }),
    );
  });

  test("a rule may ask only for what an update does not change", () => {
    for (const text of ["version:2", "is:online", "version=2.0.0", "web group:x", "last_seen:>1h"]) {
      expect(() => parseRule(text)).toThrow(
        expect.objectContaining({
          details: expect.objectContaining({ expected: expect.stringContaining("no update changes") }),
        }),
      );
    }
    expect(ruleMatcher(parseRule("web env=production -os:windows"))(agent)).toBe(true);
  });
});

describe("an agent meets", () => {
  test.each<[string, boolean]>([
    ["", true],
    ["web-01", true],
    ["WEB", true],
    ["ag_7", true],
    ["hostname:web-01.example", false],
    ["hostname:Web-01.example", true],
    ["hostname:web-*.EXAMPLE", true],
    ["hostname:*01*", true],
    ["hostname:*.example.*", false],
    ["version:<2.6", true],
    ["version:>=2.6", false],
    ["version:2.5", true],
    ["version:2.5.0", false],
    ["version:<=2.5", true],
    ["version:>2.5", false],
    ["version:<2.5", false],
    ["env=production -tag:pinned", true],
    ["env=prod*", true],
    ["env!=production,staging", false],
    ['rack="r 4"', true],
    ["tag:toString", false],
    ["state:failed", true],
    ["state:none", false],
    ["is:failed", true],
    ["is:online", false],
    ["last_seen:>1h", true],
    ["last_seen:<1h", false],
    ["last_seen:never", false],
    ["enrolled:<3d", true],
    ["group:edge group:grp_1", true],
    ["os:darwin or (os:linux -arch:arm64)", true],
  ])("%s: %s", (text, expected) => expect(matches(text)).toBe(expected));

  test("a prerelease belongs to the version that it leads to, for a partial version", () => {
    expect(matches("version:2.6", { version: "2.6.0-rc.1" })).toBe(true);
    expect(matches("version:<2.6", { version: "2.6.0-rc.1" })).toBe(false);
    expect(matches("version:<2.6.0", { version: "2.6.0-rc.1" })).toBe(true);
  });

  test("an agent that was never seen was last seen longer ago than anything", () => {
    expect(matches("last_seen:>520w", { lastSeenAt: null })).toBe(true);
    expect(matches("version:<9", { version: null })).toBe(false);
    expect(matches("-version:<9", { version: null })).toBe(true);
  });
});

describe("over random filters", () => {
  test("what is printed is read as the same filter", () => {
    fc.assert(
      fc.property(aFilter, (filter) => {
        expect(parseFilter(printFilter(filter))).toEqual(filter);
      }),
      { numRuns: 2000 },
    );
  });

  test("a filter and its negation split every fleet", () => {
    fc.assert(
      fc.property(aFilter, aFilterAgent(NOW), (filter, someone) => {
        const met = filterMatcher(filter)(someone, NOW);
        expect(filterMatcher(notOf(filter))(someone, NOW)).toBe(!met);
        expect(filterMatcher(allOf([filter, notOf(filter)]))(someone, NOW)).toBe(false);
        expect(filterMatcher(anyOf([filter, notOf(filter)]))(someone, NOW)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  test("any text is read, and printed as what it is, or refused with its code", () => {
    fc.assert(
      fc.property(filterText, aFilterAgent(NOW), (text, someone) => {
        const filter = readOrRefused(text);
        if (filter === null) return;
        expect(typeof filterMatcher(filter)(someone, NOW)).toBe("boolean");
        const printed = printFilter(filter);
        // Alternatives take more room when they are written out.
        fc.pre(printed.length <= 2048);
        expect(parseFilter(printed)).toEqual(filter);
      }),
      { numRuns: 3000 },
    );
  });
});

function readOrRefused(text: string): Filter | null {
  try {
    return parseFilter(text);
  } catch (error) {
    if (error instanceof MusterError && error.code === "FILTER_INVALID") return null;
    throw error;
  }
}
