import { expect, test } from "vitest";
import { readSignInSearch } from "./search.ts";

test("after signing in one goes back to a page of this site", () => {
  expect(readSignInSearch({ next: "/rollouts/r_1?wave=2" })).toEqual({
    next: "/rollouts/r_1?wave=2",
  });
});

test("an address that would lead to another site is dropped", () => {
  for (const next of [
    "//evil.example",
    "/\\evil.example",
    "https://evil.example",
    "javascript:x",
    "/\t/evil.example",
  ]) {
    expect(readSignInSearch({ next })).toStrictEqual({ next: undefined, problem: undefined });
  }
});

test("what went wrong on the way is a code, and nothing else", () => {
  expect(readSignInSearch({ problem: "OIDC_NO_ROLE" }).problem).toBe("OIDC_NO_ROLE");
  for (const problem of ["<b>", "Call 555-1234 to unlock your account", 7, "X".repeat(65)]) {
    expect(readSignInSearch({ problem }).problem).toBeUndefined();
  }
});
