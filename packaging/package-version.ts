import { Problem } from "../scripts/bootstrap/problem.mjs";

const SEMVER = /^(\d+\.\d+\.\d+)(?:-([0-9A-Za-z.-]+))?$/;

/**
 * A semantic version as deb and rpm order it: `1.0.0-rc.1` comes before `1.0.0`, which only `~` says there, and a hyphen
 * would begin a revision. Throws `Problem`.
 */
export function packageVersion(version: string): string {
  const [, release, before] = SEMVER.exec(version) ?? [];
  if (release === undefined) throw new Problem(`--version ${version}: it must read like 1.2.3 or 1.2.3-rc.1`);
  return before === undefined ? release : `${release}~${before.replaceAll("-", "~")}`;
}
