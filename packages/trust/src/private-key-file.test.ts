import { createPrivateKey, generateKeyPairSync } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { generateSigningKey, rawPublicKey } from "./keys.ts";
import { encodePrivateKey, isEncryptedPrivateKey, parsePrivateKey } from "./private-key-file.ts";
import { codeOf } from "./testing/samples.ts";

const key = generateSigningKey();

test("a plain key file comes back", () => {
  const text = encodePrivateKey(key);
  expect(isEncryptedPrivateKey(text)).toBe(false);
  expect(parsePrivateKey(text).equals(key)).toBe(true);
});

test("an encrypted key file comes back with its passphrase only", () => {
  const text = encodePrivateKey(key, "correct horse");
  expect(isEncryptedPrivateKey(text)).toBe(true);
  expect(parsePrivateKey(text, "correct horse").equals(key)).toBe(true);
  expect(codeOf(() => parsePrivateKey(text, "battery staple"))).toBe("KEY_INVALID");
  expect(codeOf(() => parsePrivateKey(text))).toBe("KEY_INVALID");
});

test("OpenSSL reads an encrypted key file as standard PKCS #8", () => {
  const text = encodePrivateKey(key, "pw");
  expect(createPrivateKey({ key: text, passphrase: "pw" }).equals(key)).toBe(true);
});

test("an encrypted key file does not hold the key", () => {
  const text = encodePrivateKey(key, "pw");
  const seed = key.export({ format: "der", type: "pkcs8" }).subarray(-32);
  expect(Buffer.from(text.split("\n").slice(1, -2).join(""), "base64").includes(seed)).toBe(false);
});

test("a passphrase that is not needed is ignored", () => {
  expect(rawPublicKey(parsePrivateKey(encodePrivateKey(key), "pw"))).toEqual(rawPublicKey(key));
});

test("a key of another kind is refused", () => {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  expect(codeOf(() => parsePrivateKey(encodePrivateKey(privateKey)))).toBe("KEY_INVALID");
});

test("a damaged key file is the same key still or gets KEY_INVALID", () => {
  const lines = encodePrivateKey(key).split("\n");
  const damaged = fc
    .tuple(fc.nat(lines.length - 1), fc.string())
    .map(([at, text]) => lines.with(at, text).join("\n"));
  fc.assert(
    fc.property(damaged, (text) => {
      const code = codeOf(() => expect(parsePrivateKey(text).equals(key)).toBe(true));
      expect(["none", "KEY_INVALID"]).toContain(code);
    }),
  );
});

test("any other text gets KEY_INVALID", () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(codeOf(() => parsePrivateKey(text))).toBe("KEY_INVALID");
    }),
  );
});
