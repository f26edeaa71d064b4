import type { Compression, PackageBuild } from "../package-build.ts";
import type { PackageArch } from "../package-description.ts";
import { paragraph } from "../text.ts";

export const RPM_ARCH: Readonly<Record<PackageArch, string>> = { amd64: "x86_64", arm64: "aarch64" };

const PAYLOAD: Readonly<Record<Compression, string>> = {
  best: "w6T2.xzdio",
  fast: "w1.gzdio",
  none: "w.ufdio",
};

/** What makes `rpmbuild` do the same anywhere: nothing is stripped, linked, compressed or asked of the machine. */
export function rpmMacros({ compression }: PackageBuild): Readonly<Record<string, string>> {
  return {
    _binary_payload: PAYLOAD[compression],
    _build_id_links: "none",
    _buildhost: "reproducible",
    __os_install_post: "%{nil}",
    debug_package: "%{nil}",
    use_source_date_epoch_as_buildtime: "1",
    clamp_mtime_to_source_date_epoch: "1",
    source_date_epoch_from_changelog: "0",
  };
}

/** The spec file: the tree stands ready in `%{staged}`. */
export function specFile(build: PackageBuild): string {
  const { description, version, files, folders, scripts } = build;
  const { name, summary, text, needs, recommends } = description;
  return [
    `Name: ${name}`,
    `Version: ${version}`,
    "Release: 1",
    `Summary: ${summary}`,
    "License: Apache-2.0 AND MIT",
    "Group: System/Management",
    // What the runtime needs is written down; a look at the files on the build machine would say more, or less.
    "AutoReqProv: no",
    ...needs.map(({ rpm }) => `Requires: ${rpm}`),
    ...recommends.map(({ rpm }) => `Recommends: ${rpm}`),
    "",
    "%description",
    ...paragraph(text, 78),
    "",
    "%install",
    'cp -a "%{staged}/." "%{buildroot}/"',
    "",
    ...Object.entries(scripts).flatMap(([event, script]) => [`%${event}`, literal(script)]),
    "%files",
    ...folders.map((path) => `%dir %attr(0755, root, root) ${path}`),
    ...files.map(
      ({ path, mode, isConfiguration }) =>
        `${isConfiguration ? "%config(noreplace) " : ""}%attr(${mode.toString(8).padStart(4, "0")}, root, root) "${path}"`,
    ),
    "",
  ].join("\n");
}

/** A script as it is: a percent sign begins a macro there. */
function literal(script: string): string {
  return script.replaceAll("%", "%%");
}
