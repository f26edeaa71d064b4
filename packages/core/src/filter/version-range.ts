import { compareVersions, isVersion, type Version } from "../release/version.ts";
import type { VersionCondition } from "./filter.ts";

/** An end of a range of versions. */
export interface VersionBound {
  readonly version: Version;
  /** Whether the version itself belongs to the range. */
  readonly inclusive: boolean;
}

export interface VersionRange {
  readonly from: VersionBound | null;
  readonly to: VersionBound | null;
}

const PARTIAL = /^(?:0|[1-9]\d*)(?:\.(?:0|[1-9]\d*))?$/;

/** The first and the first no longer meant by a partial version, prereleases included; null if it is none. */
function partialRange(text: string): { readonly first: Version; readonly after: Version } | null {
  if (!PARTIAL.test(text)) return null;
  const [major = "", minor] = text.split(".");
  // `-0` is the lowest prerelease that there can be (SemVer 2.0.0 §11.4).
  const first = `${major}.${minor ?? 0}.0-0`;
  const after = minor === undefined ? `${Number(major) + 1}.0.0-0` : `${major}.${Number(minor) + 1}.0-0`;
  return isVersion(first) && isVersion(after) ? { first, after } : null;
}

/** Whether a filter may compare with it: a version, or the beginning of one such as 2 or 2.6. */
export function isComparableVersion(text: string): boolean {
  return isVersion(text) || partialRange(text) !== null;
}

/** The versions that a condition asks for. `2.6` means all of 2.6: `<=2.6` ends where 2.7 begins. */
export function versionRange({ op, version }: Omit<VersionCondition, "kind">): VersionRange {
  const partial = partialRange(version);
  const first: VersionBound = { version: partial?.first ?? version, inclusive: true };
  const last: VersionBound = partial
    ? { version: partial.after, inclusive: false }
    : { version, inclusive: true };
  switch (op) {
    case "=":
      return { from: first, to: last };
    case "<":
      return { from: null, to: opposite(first) };
    case ">=":
      return { from: first, to: null };
    case "<=":
      return { from: null, to: last };
    case ">":
      return { from: opposite(last), to: null };
  }
}

/** Whether a version lies in the range. */
export function isInRange(version: Version, { from, to }: VersionRange): boolean {
  if (from !== null && !isRight(compareVersions(version, from.version), from.inclusive)) return false;
  return to === null || isRight(compareVersions(to.version, version), to.inclusive);
}

function isRight(order: number, inclusive: boolean): boolean {
  return order > 0 || (inclusive && order === 0);
}

function opposite({ version, inclusive }: VersionBound): VersionBound {
  return { version, inclusive: !inclusive };
}
