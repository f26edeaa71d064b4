import { generateKeyPairSync } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  encodePublicKey,
  generateSigningKey,
  keyId,
  parsePublicKey,
  publicKeyObject,
  rawPublicKey,
} from "./keys.ts";
import { codeOf } from "./testing/samples.ts";

const file = (value: object) => new TextEncoder().encode(JSON.stringify(value));
const publicKey = rawPublicKey(generateSigningKey());

test("a public key file comes back as it was written", () => {
  expect(parsePublicKey(encodePublicKey({ name: "release 2026", publicKey }))).toEqual({
    name: "release 2026",
    publicKey,
  });
});

test("the key id is the SHA-256 of the raw key", () => {
  // RFC 8032 §7.1, TEST 1, and `sha256sum` of its bytes.
  const raw = Buffer.from("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "hex");
  expect(keyId(raw)).toBe("21fe31dfa154a261626bf854046fd2271b7bed4b6abe45aa58877ef47f9721b9");
});

test("a raw key survives the way to a key object and back", () => {
  expect(rawPublicKey(publicKeyObject(publicKey))).toEqual(publicKey);
});

test("a key of another kind or length is refused", () => {
  expect(codeOf(() => rawPublicKey(generateKeyPairSync("ed448").privateKey))).toBe("KEY_INVALID");
  expect(codeOf(() => publicKeyObject(new Uint8Array(31)))).toBe("KEY_INVALID");
});

test.each([
  ["nothing", {}],
  ["another schema", { schema: 2, name: "a", publicKey: Buffer.from(publicKey).toString("base64") }],
  ["no name", { schema: 1, name: "", publicKey: Buffer.from(publicKey).toString("base64") }],
  ["a short key", { schema: 1, name: "a", publicKey: Buffer.alloc(31, 7).toString("base64") }],
  ["base64url", { schema: 1, name: "a", publicKey: Buffer.alloc(32, 255).toString("base64url") }],
  ["the all-zero key", { schema: 1, name: "a", publicKey: Buffer.alloc(32).toString("base64") }],
  ["a field too many", { schema: 1, name: "a", publicKey: Buffer.from(publicKey).toString("base64"), x: 1 }],
])("a public key file with %s is refused", (_what, value) => {
  expect(codeOf(() => parsePublicKey(file(value)))).toBe("KEY_INVALID");
});

test("any bytes at all are a key file or get KEY_INVALID", () => {
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array(), fc.object().map(file)), (bytes) => {
      expect(codeOf(() => parsePublicKey(bytes))).toBe("KEY_INVALID");
    }),
  );
});
