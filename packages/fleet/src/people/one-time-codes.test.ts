import { expect, test } from "vitest";
import { createTotpSecret, stepOfCode } from "./one-time-codes.ts";

/** RFC 6238, appendix B: the secret of its SHA-1 examples, in Base32, and the last six digits of its codes. */
const SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
const VECTORS: readonly (readonly [number, string])[] = [
  [59, "287082"],
  [1_111_111_109, "081804"],
  [1_234_567_890, "005924"],
  [2_000_000_000, "279037"],
];

test.each(VECTORS)("at second %i the code of RFC 6238 is right", (second, code) => {
  const now = second * 1000;
  const step = Math.floor(second / 30);
  expect(stepOfCode(code, { secret: SECRET, afterStep: null, now })).toBe(step);
  expect(stepOfCode(code, { secret: SECRET, afterStep: step - 1, now })).toBe(step);
});

/** The step of the code of second 1,234,567,890, so many seconds later. */
const at = (seconds: number) =>
  stepOfCode("005924", { secret: SECRET, afterStep: null, now: (1_234_567_890 + seconds) * 1000 });

test("a code is good for one period before and after, and not longer", () => {
  expect(at(30)).not.toBeNull();
  expect(at(-30)).not.toBeNull();
  expect(at(61)).toBeNull();
  expect(at(-61)).toBeNull();
});

test("a code that was used, and those before it, are none", () => {
  const now = 1_234_567_890_000;
  const step = 41_152_263;
  expect(stepOfCode("005924", { secret: SECRET, afterStep: step, now })).toBeNull();
  expect(stepOfCode("005924", { secret: SECRET, afterStep: step + 1, now })).toBeNull();
});

test.each(["", "00592", "0059244", "abcdef", "００５９２４", "0059 24"])("%j is no code", (code) => {
  expect(stepOfCode(code, { secret: SECRET, afterStep: null, now: 1_234_567_890_000 })).toBeNull();
});

test("a new secret has 160 bits and is described for the app", () => {
  const { secret, uri } = createTotpSecret("alice");
  expect(secret).toMatch(/^[A-Z2-7]{32}$/);
  expect(uri).toContain(`otpauth://totp/Muster:alice?secret=${secret}`);
  expect(createTotpSecret("alice").secret).not.toBe(secret);
});
