import fc from "fast-check";
import { expect, test } from "vitest";
import { createTokenSecret, formatToken, hashTokenSecret, isTokenSecret, parseToken } from "./join-token.ts";
import { codeOf } from "./testing/samples.ts";

const token = { tokenId: "tk_1-a", secret: createTokenSecret(), caPin: createTokenSecret() };
const text = formatToken(token);

test("a token comes back, also with the blanks of a careless paste", () => {
  expect(parseToken(text)).toEqual(token);
  expect(parseToken(` ${text}\n`)).toEqual(token);
});

test("a secret is known by its hash, and no other is", () => {
  const hash = hashTokenSecret(token.secret);
  expect(isTokenSecret(token.secret, hash)).toBe(true);
  expect(isTokenSecret(createTokenSecret(), hash)).toBe(false);
  expect(isTokenSecret(token.secret, hash.slice(1))).toBe(false);
  expect(isTokenSecret(token.secret, "")).toBe(false);
});

test.each([
  ["nothing", ""],
  ["another prefix", text.replace("muster1", "muster2")],
  ["a part too few", text.slice(0, text.lastIndexOf("."))],
  ["a part too many", `${text}.more`],
  ["a secret cut short", formatToken({ ...token, secret: token.secret.slice(1) })],
  ["a pin cut short", text.slice(0, -1)],
  ["an id that is a path", formatToken({ ...token, tokenId: "../x" })],
  ["padding", `${text}=`],
])("a token with %s is refused", (_what, bad) => {
  expect(codeOf(() => parseToken(bad))).toBe("TOKEN_INVALID");
});

test("any text at all is a token or gets TOKEN_INVALID", () => {
  const damaged = fc
    .tuple(fc.nat(text.length - 1), fc.string({ minLength: 2, maxLength: 3 }))
    .map(([at, noise]) => text.slice(0, at) + noise + text.slice(at + 1));
  fc.assert(
    fc.property(fc.oneof(fc.string(), damaged), (bad) => {
      expect(["none", "TOKEN_INVALID"]).toContain(codeOf(() => parseToken(bad)));
    }),
  );
});

test("an error never shows the secret", () => {
  const bad = formatToken({ ...token, secret: `${token.secret}x` });
  expect(() => parseToken(bad)).toThrow(
    expect.objectContaining({ message: expect.not.stringContaining(token.secret.slice(4, -4)) }),
  );
});
