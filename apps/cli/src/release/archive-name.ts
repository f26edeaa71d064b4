import { ARCHITECTURES, isVersion, OPERATING_SYSTEMS, type Platform, type Version } from "@muster/core";
import { usage } from "../arguments/usage.ts";

/** What an archive's name says: `<product>_<version>_<os>_<arch>.tar.gz`. */
export interface ArchiveName extends Platform {
  readonly product: string;
  readonly version: Version;
}

/** Reads an archive's name; `USAGE_INVALID` if it has another form. */
export function parseArchiveName(name: string): ArchiveName {
  const [, product = "", version = "", osName, archName] =
    /^(.+)_([^_]+)_([^_]+)_([^_]+)\.tar\.gz$/.exec(name) ?? [];
  const os = OPERATING_SYSTEMS.find((known) => known === osName);
  const arch = ARCHITECTURES.find((known) => known === archName);
  if (!isVersion(version) || os === undefined || arch === undefined) {
    throw usage("An archive must be named <product>_<version>_<os>_<arch>.tar.gz.", {
      file: name,
      os: OPERATING_SYSTEMS,
      arch: ARCHITECTURES,
    });
  }
  return { product, version, os, arch };
}
