import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MusterError } from "../errors.ts";
import {
  matchesLabels,
  parseLabelExpression,
  type LabelledAgent,
  type LabelTerm,
} from "./label-expression.ts";

const agent: LabelledAgent = {
  product: "acme",
  version: "1.2.3",
  os: "linux",
  arch: "amd64",
  labels: { env: "production", canary: "", site: "rack 4", os: "windows" },
};
const matches = (text: string, other: Partial<LabelledAgent> = {}) =>
  matchesLabels(parseLabelExpression(text), { ...agent, ...other });

describe("an expression is read", () => {
  test.each<[string, LabelTerm]>([
    ["env=production", { kind: "equals", key: "env", value: "production" }],
    ["os!=windows", { kind: "differs", key: "os", value: "windows" }],
    ["canary", { kind: "present", key: "canary" }],
    ["!canary", { kind: "absent", key: "canary" }],
    ["  env = production  ", { kind: "equals", key: "env", value: "production" }],
    ["env != production", { kind: "differs", key: "env", value: "production" }],
    ["site=rack 4", { kind: "equals", key: "site", value: "rack 4" }],
    ["env=", { kind: "equals", key: "env", value: "" }],
    [
      "topology.kubernetes.io/zone=eu-1:a",
      { kind: "equals", key: "topology.kubernetes.io/zone", value: "eu-1:a" },
    ],
  ])("%j", (text, term) => expect(parseLabelExpression(text)).toEqual([term]));

  test("several terms, in order", () => {
    expect(parseLabelExpression("env=production,os!=windows, !pinned")).toHaveLength(3);
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
    return parseLabelExpression(text).length > 0;
  } catch (error) {
    return error instanceof MusterError && error.code === "ROLLOUT_COHORT_INVALID";
  }
}
