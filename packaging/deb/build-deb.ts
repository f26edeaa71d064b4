import { createHash } from "node:crypto";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  installedBytes,
  type Compression,
  type PackageBuild,
  type PackageBuilder,
} from "../package-build.ts";
import { MAINTAINER } from "../packages.ts";
import { runTool } from "../run-tool.ts";
import { writeStaged, writeTree } from "../staged-tree.ts";
import { paragraph } from "../text.ts";

const COMPRESSION: Readonly<Record<Compression, readonly string[]>> = {
  best: ["-Zxz", "-z6"],
  fast: ["-Zgzip", "-z1"],
  none: ["-Znone"],
};

/** The file name of a package. */
export function debName({ description, version, arch }: PackageBuild): string {
  return `${description.name}_${version}_${arch}.deb`;
}

/** Builds a .deb with `dpkg-deb`: sorted, all of root's, every time the epoch. */
export const buildDeb: PackageBuilder = (build, work) => {
  const { files, epoch, scripts, compression } = build;
  const tree = join(work, "tree");
  mkdirSync(tree);
  writeTree(tree, build, epoch);
  const control: readonly (readonly [string, string, number])[] = [
    ["control", controlFile(build), 0o644],
    ["conffiles", listOf(files.filter((file) => file.isConfiguration).map(({ path }) => path)), 0o644],
    ["md5sums", md5sums(build), 0o644],
    ...Object.entries(scripts).map(([name, text]) => [name, text, 0o755] as const),
  ];
  for (const [name, text, mode] of control)
    writeStaged(join(tree, "DEBIAN", name), new TextEncoder().encode(text), mode);
  const file = join(work, debName(build));
  const args = ["--root-owner-group", ...COMPRESSION[compression], "--build", tree, file];
  runTool("dpkg-deb", args, { epoch, cwd: work });
  return file;
};

/** What `dpkg --verify` compares with: all files but the operator's. */
function md5sums({ files }: PackageBuild): string {
  return listOf(
    files
      .filter(({ isConfiguration }) => !isConfiguration)
      .map(({ path, content }) => {
        const bytes = "file" in content ? readFileSync(content.file) : content;
        return `${createHash("md5").update(bytes).digest("hex")}  ${path.slice(1)}`;
      }),
  );
}

function controlFile(build: PackageBuild): string {
  const { description, version, arch } = build;
  const { name, summary, text, needs, recommends } = description;
  return listOf([
    `Package: ${name}`,
    `Version: ${version}`,
    `Architecture: ${arch}`,
    `Maintainer: ${MAINTAINER}`,
    `Installed-Size: ${Math.ceil(installedBytes(build) / 1024)}`,
    `Depends: ${needs.map(({ deb }) => deb).join(", ")}`,
    `Recommends: ${recommends.map(({ deb }) => deb).join(", ")}`,
    "Section: admin",
    "Priority: optional",
    `Description: ${summary}`,
    ...paragraph(text, 78).map((line) => ` ${line}`),
  ]);
}

function listOf(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join("");
}
