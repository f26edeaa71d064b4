import { createHash } from "node:crypto";
import { existsSync, globSync, readFileSync, statSync } from "node:fs";
import { join, posix } from "node:path";
import { gzipSync } from "node:zlib";
import { Problem } from "../scripts/bootstrap/problem.mjs";
import type { FileEntry, PackageDescription, PackageFormat } from "./package-description.ts";
import { MAINTAINER } from "./packages.ts";
import { seedFiles, type GivenSeed } from "./seed.ts";

/** What the build is given, besides the repository. */
export interface PackageInputs {
  /** The repository. */
  readonly root: string;
  /** The runtime's file. */
  readonly node: string;
  readonly trustAnchor: Uint8Array;
  readonly seed: GivenSeed | null;
  /** As packages order it. */
  readonly version: string;
  /** Seconds since 1970: the time of every file, and of the build. */
  readonly epoch: number;
}

/** One file of a package, with its content or where that is. */
export interface PackageFile {
  readonly path: string;
  readonly mode: number;
  readonly content: Uint8Array | { readonly file: string };
  readonly sizeBytes: number;
  readonly sha256: string;
  readonly isConfiguration: boolean;
}

/** Every file of a package in one format, by path. Throws `Problem` for one that is not there. */
export function packageFiles(
  description: PackageDescription,
  format: PackageFormat,
  inputs: PackageInputs,
): readonly PackageFile[] {
  return description.files
    .filter(({ only }) => only === undefined || only === format)
    .flatMap((entry) => filesOf(entry, description, inputs))
    .toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

/** Every folder of a package, its own and those above its files that are not the system's, by path. */
export function packageFolders(
  { name, folders }: PackageDescription,
  files: readonly PackageFile[],
): readonly string[] {
  const own = files
    .flatMap(({ path }) => above(path))
    .filter((path) => path.split("/").slice(1).includes(name) && !path.startsWith("/etc/"));
  return [...new Set([...own, ...folders])].toSorted();
}

function above(path: string): readonly string[] {
  const parent = posix.dirname(path);
  return parent === "/" ? [] : [...above(parent), parent];
}

function filesOf(
  entry: FileEntry,
  description: PackageDescription,
  inputs: PackageInputs,
): readonly PackageFile[] {
  const { from, path } = entry;
  const at = (name: string) => join(inputs.root, name);
  switch (from.kind) {
    case "file":
      return [packageFile(entry, { file: at(from.path) })];
    case "folder":
      return filesBelow(at(from.path), from.entry).map((name) =>
        packageFile({ ...entry, path: `${path}/${name}` }, { file: at(`${from.path}/${name}`) }),
      );
    case "node":
      return [packageFile(entry, { file: inputs.node })];
    case "trust_anchor":
      return [packageFile(entry, inputs.trustAnchor)];
    case "seed":
      return seedFiles(inputs.seed).map(({ name, file }) =>
        packageFile({ ...entry, path: `${path}/${name}` }, { file }),
      );
    case "copyright":
      return [packageFile(entry, Buffer.from(copyright(description, inputs)))];
    case "changelog":
      return [packageFile(entry, gzipSync(changelog(description, inputs), { level: 9 }))];
    case "lintian_overrides":
      return [packageFile(entry, readFileSync(at(`packaging/lintian-overrides/${description.name}`)))];
  }
}

function filesBelow(folder: string, entry: string): readonly string[] {
  if (!existsSync(join(folder, entry))) throw missing(join(folder, entry));
  return globSync("**/*", { cwd: folder }).filter((name) => statSync(join(folder, name)).isFile());
}

function packageFile(entry: FileEntry, content: PackageFile["content"]): PackageFile {
  if ("file" in content && !existsSync(content.file)) throw missing(content.file);
  const bytes = "file" in content ? readFileSync(content.file) : content;
  return {
    path: entry.path,
    mode: entry.mode,
    content,
    sizeBytes: bytes.byteLength,
    sha256: createHash("sha256").update(bytes).digest("hex"),
    isConfiguration: entry.isConfiguration ?? false,
  };
}

function missing(path: string): Problem {
  return new Problem(`${path} is not there. Run npm run build first.`);
}

function copyright({ name }: PackageDescription, { epoch }: PackageInputs): string {
  return `Copyright (C) ${new Date(epoch * 1000).getUTCFullYear()} the Muster authors
Licence: Apache-2.0, in /usr/share/common-licenses/Apache-2.0

The copyright notices and licences of the Node.js runtime and of everything else that is bundled with it are in
/usr/lib/${name}/*.licences.txt.
`;
}

function changelog({ name }: PackageDescription, { version, epoch }: PackageInputs): string {
  const date = new Date(epoch * 1000).toUTCString().replace("GMT", "+0000");
  return `${name} (${version}) stable; urgency=medium\n\n  * Built from this version's sources.\n\n -- ${MAINTAINER}  ${date}\n`;
}
