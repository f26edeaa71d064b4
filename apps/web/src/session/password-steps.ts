import { ProblemError } from "../api/problem.ts";

/** What the server has asked for besides name and password. */
export interface AskedFor {
  readonly code: boolean;
  readonly newPassword: boolean;
}

export const NOTHING_ASKED: AskedFor = { code: false, newPassword: false };

/** What is asked for after an answer; the same object where the answer asks for nothing more and is a failure to show. */
export function askedAfter(asked: AskedFor, error: unknown): AskedFor {
  const code = error instanceof ProblemError ? error.problem.code : null;
  if (code === "SIGN_IN_CODE_REQUIRED" && !asked.code) return { ...asked, code: true };
  if (code === "SIGN_IN_PASSWORD_CHANGE_REQUIRED" && !asked.newPassword)
    return { ...asked, newPassword: true };
  return asked;
}
