const NUMERIC = new Intl.Collator("en", { numeric: true });

/**
 * For showing versions newest first, unknown ones last. Good for the order of a list only: what may follow what is
 * decided by the server.
 */
export function newestFirst(a: string | null, b: string | null): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null);
  const [coreA, preA] = parts(a);
  const [coreB, preB] = parts(b);
  const core = NUMERIC.compare(coreB, coreA);
  if (core !== 0) return core;
  // SemVer 2.0.0 §11.3: a pre-release is older than its release.
  if (preA === "" || preB === "") return Number(preA !== "") - Number(preB !== "");
  return NUMERIC.compare(preB, preA);
}

function parts(version: string): [string, string] {
  const dash = version.indexOf("-");
  return dash < 0 ? [version, ""] : [version.slice(0, dash), version.slice(dash + 1)];
}
