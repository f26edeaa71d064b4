import { isVersion, type Version } from "@muster/core";
import { linkTarget } from "../fs/reading.ts";

const FOLDER = "versions/";

/** The version a link of the host points at; null for no link, or one to anything else. */
export function linkedVersion(link: string): Version | null {
  const target = linkTarget(link);
  if (target === null || !target.startsWith(FOLDER)) return null;
  const version = target.slice(FOLDER.length);
  return isVersion(version) ? version : null;
}

/** What a link to a version holds: relative, so that the state folder can be moved. */
export function linkTo(version: Version): string {
  return `${FOLDER}${version}`;
}
