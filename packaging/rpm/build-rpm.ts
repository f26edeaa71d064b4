import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { PackageBuild, PackageBuilder } from "../package-build.ts";
import { runTool } from "../run-tool.ts";
import { writeTree } from "../staged-tree.ts";
import { RPM_ARCH, rpmMacros, specFile } from "./spec.ts";

/** The file name of a package. */
export function rpmName({ description, version, arch }: PackageBuild): string {
  return `${description.name}-${version}-1.${RPM_ARCH[arch]}.rpm`;
}

/** Builds an .rpm with `rpmbuild`. */
export const buildRpm: PackageBuilder = (build, work) => {
  const staged = join(work, "staged");
  mkdirSync(staged);
  writeTree(staged, build, build.epoch);
  const spec = join(work, "package.spec");
  writeFileSync(spec, specFile(build));
  const macros = { ...rpmMacros(build), _topdir: join(work, "rpmbuild"), staged };
  const defines = Object.entries(macros).flatMap(([name, value]) => ["--define", `${name} ${value}`]);
  const target = `${RPM_ARCH[build.arch]}-linux`;
  runTool("rpmbuild", ["-bb", "--quiet", "--target", target, ...defines, spec], {
    epoch: build.epoch,
    cwd: work,
  });
  return join(work, "rpmbuild/RPMS", RPM_ARCH[build.arch], rpmName(build));
};
