import { describe, expect, test } from "vitest";
import { normalizePassword, requireSuitablePassword } from "./password-policy.ts";

const problemOf = (password: string) => {
  try {
    requireSuitablePassword(password, "alice");
    return null;
  } catch (error) {
    return error;
  }
};

describe("a password", () => {
  test.each([
    "four words nobody says",
    "correcthorse",
    "zwölf Zeichen",
    "пароль из слов",
    "🦊🐻🐼🐨🐯🦁🐮🐷🐸🐵🐔🐧",
    "alice and eleven friends",
    "!@#$%^&*()_+-=",
    "1q2w3e4r5t6z",
    "x".repeat(200) + "yzabc",
  ])("of any kind of characters is taken: %s", (password) => {
    expect(problemOf(password)).toBeNull();
  });

  test.each([
    ["", "shorter"],
    ["elevenchars", "shorter"],
    ["🦊🐻🐼🐨🐯🦁🐮🐷🐸🐵🐔", "shorter"],
    ["abcde".repeat(60), "longer"],
    ["aaaaaaaaaaaaaaaa", "repeats"],
    ["abababababab1", "repeats"],
    ["alicealicealice", "name"],
    ["Alice-2026-Alice", "name"],
    ["alice!!!???....", "name"],
  ])("that is bad is refused: %s is %s", (password, problem) => {
    expect(problemOf(password)).toMatchObject({
      code: "PASSWORD_UNSUITABLE",
      details: { problem: expect.stringContaining(problem) },
    });
  });
});

test("the same letters are the same password, however a keyboard composes them", () => {
  expect(normalizePassword("zwo\u0308lf")).toBe(normalizePassword("zw\u00f6lf"));
});
