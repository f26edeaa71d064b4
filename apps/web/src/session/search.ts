export interface SignInSearch {
  /** Where to go after signing in: an address within this site. */
  readonly next?: string | undefined;
}

/** What does not belong there is undefined, not absent: the router lays this over the raw search. */
export function readSignInSearch(search: Record<string, unknown>): SignInSearch {
  const next = search["next"];
  return { next: typeof next === "string" && isInternal(next) ? next : undefined };
}

/** Whether an address stays on this site. A browser reads `//host` and `/\host` as another one. */
function isInternal(address: string): boolean {
  return /^\/(?![/\\])/.test(address) && !/[\u0000-\u001f]/.test(address);
}
