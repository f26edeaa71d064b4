import semver from "semver";
import { type Decoder, reject, string } from "../parse/decode.ts";
import { MusterError } from "../errors.ts";

/** A semantic version (SemVer 2.0.0) without build metadata or a leading `v`; also a safe folder name. */
export type Version = string;

const VERSION_MAX_LENGTH = 64;

/** Whether `text` is a version in the one form that Muster accepts. */
export function isVersion(text: string): boolean {
  return text.length <= VERSION_MAX_LENGTH && semver.valid(text) === text;
}

/** The version itself, or `VERSION_INVALID`. */
export function parseVersion(text: string): Version {
  if (!isVersion(text))
    throw new MusterError("VERSION_INVALID", { version: text.slice(0, VERSION_MAX_LENGTH) });
  return text;
}

/** Negative, zero or positive as `a` is older than, the same as, or newer than `b` (SemVer 2.0.0 §11). */
export function compareVersions(a: Version, b: Version): number {
  return semver.compare(a, b);
}

export const versionDecoder: Decoder<Version> = (value, path) => {
  const text = string({ max: VERSION_MAX_LENGTH })(value, path);
  return isVersion(text) ? text : reject(path, "must be a semantic version such as 1.2.3");
};
