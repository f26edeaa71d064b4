import fc from "fast-check";
import { expect, test } from "vitest";
import { weaknessOf } from "./ed25519-point.ts";
import { generateSigningKey, rawPublicKey } from "./keys.ts";

const hex = (text: string) => new Uint8Array(Buffer.from(text, "hex"));

// The list that libsodium refuses, in ge25519_has_small_order.
const SMALL_ORDER = [
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
];

test.each(SMALL_ORDER)("the point %s of small order is refused, with either sign", (text) => {
  const negative = hex(text);
  negative[31] = (negative[31] ?? 0) | 0x80;
  expect(weaknessOf(hex(text))).toBe("is of small order");
  expect(weaknessOf(negative)).toBe("is of small order");
});

test.each(["ed", "ee", "ff"])("the encoding %sff…7f of a coordinate beyond the field is refused", (first) => {
  expect(weaknessOf(hex(`${first}${"ff".repeat(30)}7f`))).toBe("is not a canonical encoding");
});

test("bytes that are no point of the curve are refused", () => {
  expect(weaknessOf(hex(`02${"00".repeat(31)}`))).toBe("is not a point of the curve");
});

test("RFC 8032's public keys and every generated one are taken", () => {
  expect(weaknessOf(hex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"))).toBeNull();
  expect(weaknessOf(hex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"))).toBeNull();
  fc.assert(
    fc.property(fc.constant(null), () => {
      expect(weaknessOf(rawPublicKey(generateSigningKey()))).toBeNull();
    }),
    { numRuns: 50 },
  );
});
