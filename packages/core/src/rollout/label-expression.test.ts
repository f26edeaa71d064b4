import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MusterError } from "../errors.ts";
import { conditionsOf, type Filter, notOf } from "../filter/filter.ts";
import { parseFilter } from "../filter/parse-filter.ts";
import { printFilter } from "../filter/print-filter.ts";
import {
  type LabelCondition,
  labelMatcher,
  parseLabelExpression,
  type LabelledAgent,
} from "./label-expression.ts";

const agent: LabelledAgent = {
  product: "acme",
  version: "1.2.3",
  os: "linux",
  arch: "amd64",
  labels: { env: "production", canary: "", site: "rack 4", os: "windows" },
};
const matches = (text: string, other: Partial<LabelledAgent> = {}) =>
  labelMatcher(parseLabelExpression(text))({ ...agent, ...other });
const label = (key: string, value: string | null): LabelCondition => ({
  kind: "label",
  key,
  is: value === null ? null : [value],
});

describe("an expression is read", () => {
  test.each<[string, Filter<LabelCondition>]>([
    ["env=production", label("env", "production")],
    ["os!=windows", notOf({ kind: "text", field: "os", is: ["windows"] })],
    ["canary", label("canary", null)],
    ["!canary", notOf(label("canary", null))],
    ["  env = production  ", label("env", "production")],
    ["env != production", notOf(label("env", "production"))],
    ["site=rack 4", label("site", "rack 4")],
    ["env=", label("env", "")],
    ["version=1.2.3", { kind: "version", op: "=", version: "1.2.3" }],
    ["!version", { kind: "version_unknown" }],
    ["topology.kubernetes.io/zone=eu-1:a", label("topology.kubernetes.io/zone", "eu-1:a")],
  ])("%j", (text, filter) => expect(parseLabelExpression(text)).toEqual(filter));

  test("several terms, in order", () => {
    expect(conditionsOf(parseLabelExpression("env=production,os!=windows, !pinned"))).toHaveLength(3);
  });

  test("as the filter that the filter language reads from its printed form", () => {
    const filter = parseLabelExpression("env=production,os!=windows, !pinned,site=rack 4,version!=1.2.3");
    expect(printFilter(filter)).toBe('env=production -os:windows -tag:pinned site="rack 4" -version:1.2.3');
    expect(parseFilter(printFilter(filter))).toEqual(filter);
  });
});

describe("a bad expression names the place, counted from 1", () => {
  test.each<[string, number, string]>([
    ["", 1, "must have a term here"],
    ["env=production,", 16, "must have a term here"],
    ["a,,b", 3, "must have a term here"],
    ["=x", 1, "must not be empty"],
    ["!=x", 1, "must not be empty"],
    ["!", 2, "must not be empty"],
    ["env==x", 5, "must have letters, digits and . _ / : @ -, and no space at either end"],
    ["a=1,e nv=x", 5, "must have letters, digits and . _ / -"],
    ["env=x;y", 5, "must have letters, digits and . _ / : @ -, and no space at either end"],
    ["env in (a,b)", 1, "must have letters, digits and . _ / -"],
    ["a=1,!b=2", 5, "must have letters, digits and . _ / -"],
    [`${"k".repeat(64)}=x`, 1, "must be at most 63 characters"],
    [`k=${"v".repeat(129)}`, 3, "must be at most 128 characters"],
    [Array.from({ length: 65 }, () => "a").join(","), 129, "must have at most 64 terms"],
    ["x".repeat(2049), 1, "must be at most 2048 characters"],
  ])("%j", (text, at, problem) => {
    expect(() => parseLabelExpression(text)).toThrow(
      expect.objectContaining({
        code: "ROLLOUT_COHORT_INVALID",
        details: expect.objectContaining({ field: "expression", at, problem }),
      }),
    );
  });
});

describe("an agent matches", () => {
  test.each<[string, boolean]>([
    ["env=production", true],
    ["env=staging", false],
    ["env!=staging", true],
    ["env!=production", false],
    ["nothing!=x", true],
    ["nothing=", false],
    ["canary", true],
    ["canary=", true],
    ["!canary", false],
    ["!nothing", true],
    ["product=acme,version=1.2.3,os=linux,arch=amd64", true],
    ["env=production,arch=arm64", false],
    ["constructor", false],
    ["toString", false],
  ])("%s: %s", (text, expected) => expect(matches(text)).toBe(expected));

  test("what it is counts, not what it labels itself", () => {
    expect(matches("os=windows")).toBe(false);
  });

  test("an agent of unknown version has no version label", () => {
    expect(matches("version", { version: null })).toBe(false);
    expect(matches("!version", { version: null })).toBe(true);
    expect(matches("version!=1.2.3", { version: null })).toBe(true);
  });
});

describe("over random text", () => {
  test("an expression is read, or refused with its code", () => {
    const text = fc.oneof(
      fc.string({ unit: "binary", maxLength: 100 }),
      fc
        .array(fc.constantFrom("env", "os", "=", "!", "!=", ",", " ", "x", "(", '"', "\u0000"), {
          maxLength: 30,
        })
        .map((parts) => parts.join("")),
    );
    fc.assert(
      fc.property(text, (expression) => {
        return isReadOrRefused(expression);
      }),
      { numRuns: 1000 },
    );
  });

  test("a term and its contrary never match the same agent, and one of them always does", () => {
    const key = fc.constantFrom("env", "os", "nothing");
    const value = fc.constantFrom("production", "linux", "");
    fc.assert(
      fc.property(key, value, (k, v) => {
        expect(matches(`${k}=${v}`)).toBe(!matches(`${k}!=${v}`));
        expect(matches(k)).toBe(!matches(`!${k}`));
      }),
    );
  });
});

function isReadOrRefused(text: string): boolean {
  try {
    return parseLabelExpression(text).kind !== "all" || text.length > 0;
  } catch (error) {
    return error instanceof MusterError && error.code === "ROLLOUT_COHORT_INVALID";
  }
}
