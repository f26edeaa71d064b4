import type { Version } from "@muster/core";

/** Digits of Number.MAX_SAFE_INTEGER, the largest that a version may hold. */
const DIGITS = 16;

/**
 * Text that sorts by code points as the versions do (SemVer 2.0.0 §11), so that a database can sort and page by version.
 * Empty for none, which sorts first.
 */
export function versionKey(version: Version | null): string {
  if (version === null) return "";
  const dash = version.indexOf("-");
  const core = dash < 0 ? version : version.slice(0, dash);
  const numbers = core.split(".").map((part) => part.padStart(DIGITS, "0"));
  // A release comes after its own prereleases: `~` is above all they can hold.
  const suffix =
    dash < 0
      ? "~"
      : version
          .slice(dash + 1)
          .split(".")
          .map(identifierKey)
          .join("");
  return `${numbers.join(".")}-${suffix}`;
}

/** Numbers before words; the space that ends it is below all else, so that fewer identifiers come first. */
function identifierKey(identifier: string): string {
  return /^\d+$/.test(identifier) ? `0${identifier.padStart(64, "0")} ` : `1${identifier} `;
}
