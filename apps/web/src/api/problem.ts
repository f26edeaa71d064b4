import type { Problem } from "@muster/protocol/http";

/** A request that did not succeed. `problem.code` is what to branch on. */
export class ProblemError extends Error {
  readonly problem: Problem;

  constructor(problem: Problem, options: { readonly cause?: unknown } = {}) {
    super(problem.detail, options);
    this.name = "ProblemError";
    this.problem = problem;
  }
}

/** The problem to show for anything that was thrown. */
export function problemOf(error: unknown): Problem {
  if (error instanceof ProblemError) return error.problem;
  return localProblem("INTERNAL_UNEXPECTED", {
    title: "Something failed that should not",
    detail: error instanceof Error ? error.message : String(error),
    help: "Reload the page. If it happens again, report it with the code and the time.",
    retryable: false,
  });
}

/** A problem that the page itself found, in the form that the server uses. */
export function localProblem(
  code: string,
  facts: Pick<Problem, "title" | "detail" | "help" | "retryable">,
): Problem {
  return { type: "about:blank", status: 0, code, details: {}, ...facts };
}

/** Whether the answer means that somebody has to sign in first. */
export function isSignedOut(error: unknown): boolean {
  return error instanceof ProblemError && error.problem.status === 401;
}

/** Whether the answer means that the object does not exist. */
export function isNotFound(error: unknown): boolean {
  return error instanceof ProblemError && error.problem.status === 404;
}
