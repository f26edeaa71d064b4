import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MusterError } from "../errors.ts";
import { mutated, outcomeOf, firstMistake } from "../testing/index.ts";
import {
  array,
  boolean,
  decode,
  decodeJson,
  integer,
  literal,
  nullable,
  number,
  object,
  oneOf,
  optional,
  record,
  string,
  variants,
  type Decoder,
} from "./decode.ts";

function outcome<T>(decoder: Decoder<T>, value: unknown) {
  return outcomeOf({ decoder, code: "REQUEST_INVALID" }, value);
}

const refused = (problem: string, field = "(root)") => ({ refused: { field, problem } });

describe("each decoder takes its own and refuses the rest", () => {
  const short = string({ min: 1, max: 3, pattern: /^[a-z]+$/, what: "lower-case letters" });
  const size = integer({ max: 9 });
  const share = number({ min: 0, max: 1 });
  const kind = variants({
    on: object({ kind: literal("on"), level: size }),
    off: object({ kind: literal("off") }),
  });
  test.each<[string, Decoder<unknown>, unknown, unknown]>([
    ["string", short, "abc", { accepted: "abc" }],
    ["string", short, 7, refused("must be a string")],
    ["string", short, "abcd", refused("must be at most 3 characters")],
    ["string", short, "", refused("must not be empty")],
    ["string", string({ min: 2 }), "a", refused("must be at least 2 characters")],
    ["string", short, "AB", refused("must have lower-case letters")],
    ["string", short, "a\n", refused("must have lower-case letters")],
    ["integer", size, 9, { accepted: 9 }],
    ["integer", size, 10, refused("must be between 0 and 9")],
    ["integer", size, -1, refused("must be between 0 and 9")],
    ["integer", size, 1.5, refused("must be a whole number")],
    ["integer", size, "9", refused("must be a whole number")],
    ["integer", size, Number.NaN, refused("must be a whole number")],
    ["integer", integer(), 2 ** 53, refused("must be a whole number")],
    ["number", share, 0.5, { accepted: 0.5 }],
    ["number", share, 1.1, refused("must be between 0 and 1")],
    ["number", share, Infinity, refused("must be a number")],
    ["number", share, null, refused("must be a number")],
    ["boolean", boolean, false, { accepted: false }],
    ["boolean", boolean, 0, refused("must be true or false")],
    ["oneOf", oneOf(["a", "b"]), "b", { accepted: "b" }],
    ["oneOf", oneOf(["a", "b"]), "c", refused("must be one of a, b")],
    ["oneOf", oneOf(["a", "b"]), ["a"], refused("must be one of a, b")],
    ["literal", literal(1), 1, { accepted: 1 }],
    ["literal", literal(1), "1", refused("must be 1")],
    ["nullable", nullable(size), null, { accepted: null }],
    ["nullable", nullable(size), undefined, refused("must be a whole number")],
    ["array", array(size, { max: 2 }), [1, 2], { accepted: [1, 2] }],
    ["array", array(size, { max: 2 }), [1, 2, 3], refused("must have at most 2 entries")],
    ["array", array(size, { min: 1 }), [], refused("must have at least 1 entries")],
    ["array", array(size), [1, "x"], refused("must be a whole number", "[1]")],
    ["array", array(size), { length: 0 }, refused("must be a list")],
    ["variants", kind, { kind: "on", level: 3 }, { accepted: { kind: "on", level: 3 } }],
    ["variants", kind, { kind: "off", level: 3 }, refused("is not a known field", "level")],
    ["variants", kind, { kind: "toString" }, refused("must be one of on, off", "kind")],
    ["variants", kind, {}, refused("must be one of on, off", "kind")],
    ["variants", kind, null, refused("must be an object")],
  ])("%s: %#", (_, decoder, value, expected) => {
    expect(outcome(decoder, value)).toEqual(expected);
  });
});

describe("an object", () => {
  const decoder = object({
    name: string(),
    port: optional(integer()),
    inner: optional(object({ on: boolean })),
  });

  test("has its fields, and those that may be absent only if they are there", () => {
    expect(outcome(decoder, { name: "a" })).toEqual({ accepted: { name: "a" } });
    expect(outcome(decoder, { name: "a", port: undefined })).toEqual({ accepted: { name: "a" } });
  });

  test.each<[unknown, object]>([
    [{}, refused("is missing", "name")],
    [{ name: undefined }, refused("is missing", "name")],
    [{ name: "a", prot: 1 }, refused("is not a known field", "prot")],
    [{ name: "a", inner: { on: 1 } }, refused("must be true or false", "inner.on")],
    [{ name: "a", inner: { on: true, off: 1 } }, refused("is not a known field", "inner.off")],
    [[], refused("must be an object")],
    [null, refused("must be an object")],
    [JSON.parse('{"name": "a", "__proto__": {}}'), refused("is not a known field", "__proto__")],
    [Object.create({ name: "a" }), refused("is missing", "name")],
  ])("is refused: %#", (value, expected) => expect(outcome(decoder, value)).toEqual(expected));
});

describe("a record", () => {
  const decoder = record(string({ max: 20 }), integer(), { max: 2 });

  test("keeps every key as a key, even those that objects have by nature", () => {
    const accepted = decode(decoder, JSON.parse('{"__proto__": 1, "toString": 2}'), "REQUEST_INVALID");
    expect(Object.entries(accepted)).toEqual([
      ["__proto__", 1],
      ["toString", 2],
    ]);
    expect(Object.getPrototypeOf(accepted)).toBeNull();
    expect(Object.keys(decode(decoder, {}, "REQUEST_INVALID"))).toEqual([]);
  });

  test.each<[unknown, object]>([
    [{ a: 1, b: 2, c: 3 }, refused("must have at most 2 entries")],
    [{ a: "x" }, refused("must be a whole number", "a")],
    [{ ["k".repeat(21)]: 1 }, refused("must be at most 20 characters", "k".repeat(21))],
    [[1], refused("must be an object")],
  ])("is refused: %#", (value, expected) => expect(outcome(decoder, value)).toEqual(expected));
});

describe("the place of a problem", () => {
  const decoder = record(string({ max: 3 }), integer());

  test("is shown cut off and without what would act on a terminal", () => {
    expect(outcome(decoder, { ["\u001b[2J\u0007x"]: 1 })).toEqual(
      refused("must be at most 3 characters", "\ufffd[2J\ufffdx"),
    );
    expect(outcome(decoder, { ["k".repeat(500)]: 1 })).toEqual(
      refused("must be at most 3 characters", `${"k".repeat(64)}…`),
    );
  });
});

describe("JSON text", () => {
  test.each(["", "{", "undefined", "{'a': 1}", "[1,]", "\u0000", "NaN"])("%j is not JSON", (text) => {
    expect(() => decodeJson(boolean, text, "POLICY_INVALID")).toThrow(
      expect.objectContaining({
        code: "POLICY_INVALID",
        details: { field: "(root)", problem: "is not JSON" },
        cause: expect.any(SyntaxError),
      }),
    );
  });

  test("nesting as deep as a message can be is refused like any other wrong value", () => {
    const text = `${"[".repeat(500_000)}${"]".repeat(500_000)}`;
    expect(() => decodeJson(array(boolean), text, "REQUEST_INVALID")).toThrow(MusterError);
  });

  test("arbitrary text is decoded or refused, and nothing else is thrown", () => {
    const text = fc.oneof(fc.string({ unit: "binary" }), fc.json());
    fc.assert(fc.property(text, isTakenOrRefused), { numRuns: 1000 });
  });
});

function isTakenOrRefused(text: string): boolean {
  try {
    return typeof decodeJson(boolean, text, "REQUEST_INVALID") === "boolean";
  } catch (error) {
    return error instanceof MusterError && error.code === "REQUEST_INVALID";
  }
}

const broken: Decoder<never> = () => {
  throw new RangeError("a bug");
};

test("an error of a decoder that is no decoding problem is not hidden", () => {
  expect(() => decode(broken, 1, "REQUEST_INVALID")).toThrow(RangeError);
});

test("whatever comes, a decoder takes it as it is or refuses it with its code", () => {
  const decoder = object({
    name: string({ max: 64 }),
    tags: record(string({ max: 16 }), string({ max: 16 })),
    steps: array(
      variants({
        wait: object({ kind: literal("wait"), ms: integer() }),
        go: object({ kind: literal("go") }),
      }),
    ),
    limit: nullable(number({ min: 0 })),
    mode: optional(oneOf(["a", "b"])),
  });
  const document = {
    name: "x",
    tags: { a: "b" },
    steps: [{ kind: "wait", ms: 5 }, { kind: "go" }],
    limit: null,
    mode: "a",
  };
  const decoding = { decoder, code: "REQUEST_INVALID" } as const;
  expect(outcomeOf(decoding, document)).toEqual({ accepted: document });
  const values = fc.oneof(mutated(document), fc.jsonValue(), fc.anything());
  expect(firstMistake(decoding, values)).toBeNull();
});
