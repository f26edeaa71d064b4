import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { canonicalJson } from "./canonical-json.ts";

const refusal = (problem: string) =>
  expect.objectContaining({ code: "MANIFEST_INVALID", details: { field: "(root)", problem } });

describe("the samples of RFC 8785", () => {
  test("§3.2.2 and its bytes in §3.2.4", () => {
    const input: unknown = JSON.parse(String.raw`{
      "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
      "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
      "literals": [null, true, false]
    }`);
    const hex = `
      7b 22 6c 69 74 65 72 61 6c 73 22 3a 5b 6e 75 6c 6c 2c 74 72 75 65 2c 66 61 6c 73 65 5d 2c 22 6e 75 6d 62 65 72 73 22 3a
      5b 33 33 33 33 33 33 33 33 33 2e 33 33 33 33 33 33 33 2c 31 65 2b 33 30 2c 34 2e 35 2c 30 2e 30 30 32 2c 31 65 2d 32 37
      5d 2c 22 73 74 72 69 6e 67 22 3a 22 e2 82 ac 24 5c 75 30 30 30 66 5c 6e 41 27 42 5c 22 5c 5c 5c 5c 5c 22 2f 22 7d`;
    const expected = hex
      .trim()
      .split(/\s+/)
      .map((byte) => Number.parseInt(byte, 16));
    expect([...new TextEncoder().encode(canonicalJson(input))]).toEqual(expected);
  });

  test("§3.2.3: members are sorted by UTF-16 code units", () => {
    const input: unknown = JSON.parse(String.raw`{
      "\u20ac": "Euro Sign",
      "\r": "Carriage Return",
      "\ufb33": "Hebrew Letter Dalet With Dagesh",
      "1": "One",
      "\ud83d\ude00": "Emoji: Grinning Face",
      "\u0080": "Control",
      "\u00f6": "Latin Small Letter O With Diaeresis"
    }`);
    expect([...canonicalJson(input).matchAll(/:"([^"]*)"/g)].map(([, name]) => name)).toEqual([
      "Carriage Return",
      "One",
      "Control",
      "Latin Small Letter O With Diaeresis",
      "Euro Sign",
      "Emoji: Grinning Face",
      "Hebrew Letter Dalet With Dagesh",
    ]);
  });

  test.each([
    ["0000000000000000", "0"],
    ["8000000000000000", "0"],
    ["0000000000000001", "5e-324"],
    ["8000000000000001", "-5e-324"],
    ["7fefffffffffffff", "1.7976931348623157e+308"],
    ["ffefffffffffffff", "-1.7976931348623157e+308"],
    ["4340000000000000", "9007199254740992"],
    ["c340000000000000", "-9007199254740992"],
    ["4430000000000000", "295147905179352830000"],
    ["44b52d02c7e14af5", "9.999999999999997e+22"],
    ["44b52d02c7e14af6", "1e+23"],
    ["44b52d02c7e14af7", "1.0000000000000001e+23"],
    ["444b1ae4d6e2ef4e", "999999999999999700000"],
    ["444b1ae4d6e2ef4f", "999999999999999900000"],
    ["444b1ae4d6e2ef50", "1e+21"],
    ["3eb0c6f7a0b5ed8c", "9.999999999999997e-7"],
    ["3eb0c6f7a0b5ed8d", "0.000001"],
    ["41b3de4355555553", "333333333.3333332"],
    ["41b3de4355555554", "333333333.33333325"],
    ["41b3de4355555555", "333333333.3333333"],
    ["41b3de4355555556", "333333333.3333334"],
    ["41b3de4355555557", "333333333.33333343"],
    ["becbf647612f3696", "-0.0000033333333333333333"],
    ["43143ff3c1cb0959", "1424953923781206.2"],
  ])("appendix B: %s is %s", (bits, expected) => expect(canonicalJson(double(bits))).toBe(expected));

  test.each(["7fffffffffffffff", "7ff0000000000000", "fff0000000000000"])(
    "appendix B: %s is an error",
    (bits) => {
      expect(() => canonicalJson(double(bits))).toThrow(refusal("holds a number that is not finite"));
    },
  );
});

describe("what JSON cannot carry is refused", () => {
  test.each<[string, unknown, string]>([
    ["a lone surrogate", ["\ud800"], "a string with a lone surrogate"],
    ["a lone surrogate in a name", { "\udc00": 1 }, "a string with a lone surrogate"],
    ["undefined", [undefined], "a value of type undefined"],
    ["a hole", Array.from<number>({ length: 2 }).fill(1, 0, 1), "a value of type undefined"],
    ["a big integer", 1n, "a value of type bigint"],
    ["a function", { f: () => {} }, "a value of type function"],
    ["a symbol", Symbol.iterator, "a value of type symbol"],
    ["a date", new Date(0), "an object of a class"],
    ["a map", new Map([["a", 1]]), "an object of a class"],
    ["bytes", new Uint8Array(2), "an object of a class"],
  ])("%s", (_, value, problem) => expect(() => canonicalJson(value)).toThrow(refusal(`holds ${problem}`)));

  test("nesting without end", () => {
    const loop: unknown[] = [];
    loop.push(loop);
    expect(() => canonicalJson(loop)).toThrow(refusal("holds more than 100 levels"));
  });
});

test("a sparse list does not lose its holes", () => {
  const sparse: unknown[] = [1];
  sparse[2] = 3;
  expect(() => canonicalJson(sparse)).toThrow(refusal("holds a value of type undefined"));
});

test("a member that is undefined is left out", () => {
  expect(canonicalJson({ b: undefined, a: 1 })).toBe('{"a":1}');
});

test("the form is a fixed point, says the same, and does not depend on the order of members", () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
      fc.pre(isWellFormed(value));
      const text = canonicalJson(value);
      const back: unknown = JSON.parse(text);
      expect(canonicalJson(back)).toBe(text);
      expect(canonicalJson(reversed(value))).toBe(text);
      // The RFC writes both zeros as 0.
      expect(back).toEqual(JSON.parse(JSON.stringify(value)));
    }),
    { numRuns: 500 },
  );
});

function double(bits: string): number {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, BigInt(`0x${bits}`));
  return view.getFloat64(0);
}

function isWellFormed(value: unknown): boolean {
  if (typeof value === "string") return value.isWellFormed();
  if (typeof value !== "object" || value === null) return true;
  return Object.entries(value).every(([name, member]) => name.isWellFormed() && isWellFormed(member));
}

function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([name, member]) => [name, reversed(member)]),
  );
}
