import { globSync, statSync } from "node:fs";
import { join } from "node:path";
import { buildDeb } from "./deb/build-deb.ts";
import { installedBytes, type Compression, type PackageBuild } from "./package-build.ts";
import { digestOf, storedBuild } from "./package-cache.ts";
import { packageFiles, packageFolders, type PackageInputs } from "./package-content.ts";
import type { PackageArch, PackageDescription, PackageFormat } from "./package-description.ts";
import { buildRpm } from "./rpm/build-rpm.ts";
import { runTool } from "./run-tool.ts";
import { packageScripts } from "./scriptlets.ts";

export interface BuildRequest {
  readonly packages: readonly PackageDescription[];
  readonly formats: readonly PackageFormat[];
  readonly arch: PackageArch;
  readonly compression: Compression;
  readonly inputs: PackageInputs;
  readonly out: string;
  /** Null: everything is built anew. */
  readonly cache: string | null;
}

/** A package that stands in `out`. */
export interface BuiltPackage {
  readonly name: string;
  readonly format: PackageFormat;
  readonly file: string;
  readonly sizeBytes: number;
  /** Of all its files, uncompressed. */
  readonly installedBytes: number;
  readonly fromCache: boolean;
  readonly seconds: number;
}

const FORMATS = {
  deb: { builder: buildDeb, tool: "dpkg-deb" },
  rpm: { builder: buildRpm, tool: "rpmbuild" },
} as const;

/** Builds packages: the same request gives the same bytes, wherever and whenever. Throws `Problem`. */
export function buildPackages(request: BuildRequest): readonly BuiltPackage[] {
  const { packages, formats } = request;
  return packages.flatMap((description) => formats.map((format) => buildOne(description, format, request)));
}

/** All that decides the bytes of one package. */
export function packageBuild(
  description: PackageDescription,
  format: PackageFormat,
  { inputs, arch, compression }: BuildRequest,
): PackageBuild {
  const files = packageFiles(description, format, inputs);
  return {
    description,
    version: inputs.version,
    arch,
    epoch: inputs.epoch,
    compression,
    files,
    folders: packageFolders(description, files),
    scripts: packageScripts(inputs.root, description, format),
  };
}

function buildOne(
  description: PackageDescription,
  format: PackageFormat,
  request: BuildRequest,
): BuiltPackage {
  const startedAt = performance.now();
  const build = packageBuild(description, format, request);
  const { builder, tool } = FORMATS[format];
  const { out, cache, inputs } = request;
  const salt = `${format} ${ownCode(inputs.root)} ${runTool(tool, ["--version"], { epoch: inputs.epoch, cwd: "/" })}`;
  const { file, fromCache } = storedBuild(build, builder, { cache, out, salt });
  return {
    name: description.name,
    format,
    file,
    sizeBytes: statSync(file).size,
    installedBytes: installedBytes(build),
    fromCache,
    seconds: (performance.now() - startedAt) / 1000,
  };
}

/** The code that builds: what it made before a change is not what it would make. */
function ownCode(root: string): string {
  return digestOf(globSync(join(root, "packaging/**/*.ts")).toSorted());
}
