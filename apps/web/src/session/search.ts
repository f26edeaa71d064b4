export interface SignInSearch {
  /** Where to go after signing in: an address within this site. */
  readonly next?: string | undefined;
  /** Code of what went wrong at the identity provider's, or on the way back. */
  readonly problem?: string | undefined;
}

/** What does not belong there is undefined, not absent: the router lays this over the raw search. */
export function readSignInSearch(search: Record<string, unknown>): SignInSearch {
  const { next, problem } = search;
  return {
    next: typeof next === "string" && isInternal(next) ? next : undefined,
    problem: typeof problem === "string" && /^[A-Z_]{1,64}$/.test(problem) ? problem : undefined,
  };
}

/** Whether an address stays on this site. A browser reads `//host` and `/\host` as another one. */
function isInternal(address: string): boolean {
  return /^\/(?![/\\])/.test(address) && !/[\u0000-\u001f]/.test(address);
}
