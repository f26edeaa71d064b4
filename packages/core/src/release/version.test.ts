import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compareVersions, isVersion, parseVersion, versionDecoder } from "./version.ts";
import { outcomeOf } from "../testing/index.ts";

test.each([
  "0.0.0",
  "1.2.3",
  "10.20.30",
  "1.0.0-alpha",
  "1.0.0-alpha.1",
  "1.0.0-0.3.7",
  "1.0.0-x.7.z.92",
  "1.0.0--",
])("%s is a version", (text) => {
  expect(isVersion(text)).toBe(true);
  expect(parseVersion(text)).toBe(text);
});

test.each([
  "",
  "1",
  "1.2",
  "v1.2.3",
  "=1.2.3",
  " 1.2.3",
  "1.2.3 ",
  "1.2.3\n",
  "01.2.3",
  "1.2.3-01",
  "1.2.3-",
  "1.2.3-a..b",
  "1.2.3+build",
  "1.2.3-a_b",
  "1.2.3/..",
  "../1.2.3",
  "1.2.3-é",
  "99999999999999999.0.0",
  `1.0.0-${"a".repeat(64)}`,
])("%j is not a version", (text) => {
  expect(isVersion(text)).toBe(false);
  expect(() => parseVersion(text)).toThrow(expect.objectContaining({ code: "VERSION_INVALID" }));
  expect(outcomeOf({ decoder: versionDecoder, code: "MANIFEST_INVALID" }, text)).toHaveProperty("refused");
});

describe("the order", () => {
  // SemVer 2.0.0 §11.4
  const rising = [
    "1.0.0-alpha",
    "1.0.0-alpha.1",
    "1.0.0-alpha.beta",
    "1.0.0-beta",
    "1.0.0-beta.2",
    "1.0.0-beta.11",
    "1.0.0-rc.1",
    "1.0.0",
    "1.0.1",
    "1.2.0",
    "1.10.0",
    "2.0.0",
  ];

  test("is that of SemVer §11", () => {
    expect(rising.toReversed().toSorted(compareVersions)).toEqual(rising);
    expect(compareVersions("1.0.0", "1.0.0")).toBe(0);
  });

  test("only equal texts are equal", () => {
    const version = fc.constantFrom(...rising);
    fc.assert(fc.property(version, version, (a, b) => (compareVersions(a, b) === 0) === (a === b)));
  });
});

test("a version is a name that no folder gives another meaning", () => {
  const odd = fc.string({ unit: fc.constantFrom(...Array.from("09.-/\\azA+ ~$\u0000")), maxLength: 6 });
  fc.assert(
    fc.property(odd, odd, (before, after) => {
      for (const text of [`${before}1.2.3${after}`, `1.2.3-${after}`, `1.2.${after}`]) {
        if (!isVersion(text)) continue;
        expect(text).toMatch(/^\d[0-9A-Za-z.-]*$/);
        expect(text).not.toContain("..");
      }
    }),
    { numRuns: 2000 },
  );
});
