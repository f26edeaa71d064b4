import fc from "fast-check";
import { expect, test } from "vitest";
import { codeOf, sampleKeys } from "./testing/samples.ts";
import { encodeTrustAnchor, parseTrustAnchor } from "./trust-anchor.ts";

const { anchor } = sampleKeys(["a", "b", "c"], 2);
const [a, b, c] = anchor.keys;
const text = new TextDecoder().decode(encodeTrustAnchor(anchor));
const edited = (change: (value: Record<string, unknown> & { keys: Record<string, unknown>[] }) => void) => {
  const value = JSON.parse(text);
  change(value);
  return new TextEncoder().encode(JSON.stringify(value));
};

test("an anchor comes back as it was written", () => {
  expect(parseTrustAnchor(encodeTrustAnchor(anchor))).toEqual(anchor);
});

test.each([
  ["a threshold of nothing", edited((value) => (value["threshold"] = 0))],
  ["a threshold above the keys", edited((value) => (value["threshold"] = 4))],
  ["a threshold of a half", edited((value) => (value["threshold"] = 1.5))],
  ["no keys", edited((value) => (value.keys = []))],
  [
    "a key twice under two names",
    edited((value) => (value.keys[1]!["publicKey"] = value.keys[0]!["publicKey"])),
  ],
  ["a name twice", edited((value) => (value.keys[1]!["name"] = "a"))],
  ["a key of small order", edited((value) => (value.keys[0]!["publicKey"] = `AQ${"A".repeat(41)}=`))],
  ["a key that is no point", edited((value) => (value.keys[0]!["publicKey"] = `Ag${"A".repeat(41)}=`))],
  ["too many keys", edited((value) => (value.keys = Array(17).fill(value.keys[0])))],
  ["another schema", edited((value) => (value["schema"] = 2))],
  ["a field too many", edited((value) => (value["extra"] = true))],
  ["too many bytes", new TextEncoder().encode(text + " ".repeat(70_000))],
  ["no UTF-8", new Uint8Array([0xff, 0xfe])],
])("an anchor with %s is refused", (_what, bytes) => {
  expect(codeOf(() => parseTrustAnchor(bytes))).toBe("TRUST_ANCHOR_INVALID");
});

test("an anchor that could not be read again is not written", () => {
  expect(codeOf(() => encodeTrustAnchor({ ...anchor, threshold: 4 }))).toBe("TRUST_ANCHOR_INVALID");
  expect(
    codeOf(() => encodeTrustAnchor({ ...anchor, keys: [a!, b!, { ...c!, publicKey: a!.publicKey }] })),
  ).toBe("TRUST_ANCHOR_INVALID");
});

test("any bytes at all are an anchor or get TRUST_ANCHOR_INVALID", () => {
  const mutated = fc
    .tuple(fc.nat(text.length - 1), fc.string({ maxLength: 3 }))
    .map(([at, noise]) => new TextEncoder().encode(text.slice(0, at) + noise + text.slice(at + 1)));
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array(), mutated), (bytes) => {
      expect(["none", "TRUST_ANCHOR_INVALID"]).toContain(codeOf(() => parseTrustAnchor(bytes)));
    }),
  );
});
