import type { PackageFile } from "./package-content.ts";
import type { PackageArch, PackageDescription } from "./package-description.ts";
import type { Scripts } from "./scriptlets.ts";

/** `best` takes most of a minute for a runtime; `fast` and `none` are for tests. */
export const COMPRESSIONS = ["best", "fast", "none"] as const;
export type Compression = (typeof COMPRESSIONS)[number];

/** Everything that decides a package's bytes. */
export interface PackageBuild {
  readonly description: PackageDescription;
  /** As packages order it. */
  readonly version: string;
  readonly arch: PackageArch;
  readonly epoch: number;
  readonly compression: Compression;
  readonly files: readonly PackageFile[];
  readonly folders: readonly string[];
  readonly scripts: Scripts;
}

/** Builds one format. `work` is an empty folder of its own; the answer is the package's file in it. */
export type PackageBuilder = (build: PackageBuild, work: string) => string;

export function installedBytes({ files }: PackageBuild): number {
  return files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}
