import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

const TOOLS: Readonly<Record<string, string>> = {
  strace: "strace",
  xfs_io: "xfsprogs",
  "mkfs.ext4": "e2fsprogs",
  mount: "mount",
  unshare: "util-linux",
};

/** What this machine lacks for killing updaters and shutting file systems down, in words; nothing if it can. */
export function missingRequirements(): readonly string[] {
  const places = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/sbin"];
  const missing = Object.entries(TOOLS)
    .filter(([tool]) => !places.some((place) => isExecutable(join(place, tool))))
    .map(([tool, debianPackage]) => `${tool} (Debian's package ${debianPackage})`);
  const notRoot = process.getuid?.() === 0 ? [] : ["root, who alone may mount and shut file systems down"];
  const notLinux = process.platform === "linux" ? [] : ["Linux"];
  return [...notLinux, ...notRoot, ...missing];
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    // Not there, or not for us: the next place may have it.
    return false;
  }
}
