import { expect, test } from "vitest";
import { localProblem, ProblemError } from "../api/problem.ts";
import { askedAfter, NOTHING_ASKED } from "./password-steps.ts";

const problem = (code: string) =>
  new ProblemError(localProblem(code, { title: "", detail: "", help: "", retryable: false }));

test("a code and a new password are asked for once the server wants them", () => {
  const withCode = askedAfter(NOTHING_ASKED, problem("SIGN_IN_CODE_REQUIRED"));
  expect(withCode).toEqual({ code: true, newPassword: false });
  expect(askedAfter(withCode, problem("SIGN_IN_PASSWORD_CHANGE_REQUIRED"))).toEqual({
    code: true,
    newPassword: true,
  });
});

test("any other answer, and the same one again, is a failure to show", () => {
  const both = { code: true, newPassword: true };
  for (const code of ["SIGN_IN_REFUSED", "SIGN_IN_CODE_REQUIRED", "SIGN_IN_PASSWORD_CHANGE_REQUIRED"]) {
    expect(askedAfter(both, problem(code))).toBe(both);
  }
  expect(askedAfter(NOTHING_ASKED, new TypeError("a bug"))).toBe(NOTHING_ASKED);
});
