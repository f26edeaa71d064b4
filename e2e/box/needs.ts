import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

/** Programs that boxes are made with, and the Debian package of each. */
const PROGRAMS: Readonly<Record<string, string>> = {
  "systemd-nspawn": "systemd-container",
  nft: "nftables",
  xfs_io: "xfsprogs",
  "mkfs.ext4": "e2fsprogs",
  e2fsck: "e2fsprogs",
  faketime: "faketime",
  ip: "iproute2",
  unshare: "util-linux",
  nsenter: "util-linux",
  losetup: "mount",
};
const FOLDERS = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/sbin", "/usr/bin", "/bin"];

/** Throws, in words for the person who ran the tests, if this machine cannot make boxes. */
export function requireBoxes(): void {
  const problems = [
    process.getuid?.() === 0 ? null : "they must be run as root",
    missingPackages(),
    existsSync("/lib/systemd/systemd") ? null : "systemd is not installed (apt-get install systemd)",
    existsSync("/dev/loop-control") ? null : "there are no loop devices: a container must be privileged",
    cgroupTrees().some(({ unified }) => unified)
      ? null
      : "there is no cgroup v2 hierarchy that can be written",
  ].filter((problem) => problem !== null);
  if (problems.length === 0) return;
  throw new Error(
    `The tests in boxes boot a systemd of their own. Here they cannot: ${problems.join("; ")}.`,
  );
}

function missingPackages(): string | null {
  const missing = Object.entries(PROGRAMS).filter(
    ([program]) => !FOLDERS.some((folder) => existsSync(join(folder, program))),
  );
  if (missing.length === 0) return null;
  const packages = [...new Set(missing.map(([, name]) => name))].toSorted();
  const programs = missing.map(([program]) => program).join(", ");
  return `${programs} is missing (apt-get install ${packages.join(" ")})`;
}

/** A hierarchy of control groups in which a box gets a group of its own. */
export interface CgroupTree {
  readonly path: string;
  readonly unified: boolean;
}

/** The hierarchies systemd wants a group in: the unified one, and on older machines the one named systemd. */
export function cgroupTrees(): readonly CgroupTree[] {
  const root = "/sys/fs/cgroup";
  if (existsSync(join(root, "cgroup.controllers"))) return [{ path: root, unified: true }];
  const trees = [
    { path: join(root, "unified"), unified: true },
    { path: join(root, "systemd"), unified: false },
  ];
  return trees.filter(({ path }) => existsSync(join(path, "cgroup.procs")));
}
