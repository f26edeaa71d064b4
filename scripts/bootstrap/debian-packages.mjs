import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { Problem } from "./problem.mjs";

/**
 * Debian's packages that builds and tests use, each with the program by which it is known to be there, and what other
 * distributions call it.
 */
const PROGRAMS = {
  dpkg: "dpkg-deb",
  e2fsprogs: "mkfs.ext4",
  fakeroot: "fakeroot",
  faketime: "faketime",
  iproute2: "ip",
  lintian: "lintian",
  nftables: "nft",
  rpm: "rpmbuild",
  shellcheck: "shellcheck",
  strace: "strace",
  systemd: "systemctl",
  "systemd-container": "systemd-nspawn",
  xfsprogs: "xfs_io",
};

/** @typedef {keyof typeof PROGRAMS} ToolPackage */

/** What the tests of packages and of real hosts need. */
export const TEST_PACKAGES = /** @type {readonly ToolPackage[]} */ (Object.keys(PROGRAMS));

/**
 * Makes these programs be there: root on Debian gets them installed, anybody else is told which are missing.
 *
 * @param {readonly ToolPackage[]} packages
 */
export function ensureTools(packages) {
  const missing = missingPackages(packages);
  if (missing.length === 0) return;
  if (!canInstall()) throw new Problem(hint(missing));
  installPackages(missing);
  const still = missingPackages(packages);
  if (still.length > 0) throw new Problem(`${still.join(", ")} brought no ${names(still)}.`);
}

/**
 * The same for a run of all tests, most of which do without: it says what is missing, and goes on.
 *
 * @param {readonly ToolPackage[]} packages
 */
export function ensureToolsIfPossible(packages) {
  const missing = missingPackages(packages);
  if (missing.length === 0) return;
  try {
    ensureTools(packages);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    console.error(`${error.message}\nTests that need them cannot run.`);
  }
}

/** Whether this process may install Debian's packages here. */
export function canInstall() {
  return process.getuid?.() === 0 && existsSync("/etc/debian_version");
}

/** @param {readonly string[]} packages */
export function installPackages(packages) {
  console.error(`Installing ${packages.join(", ")} (once)…`);
  apt(["update"]);
  apt(["install", "-y", "--no-install-recommends", ...packages]);
}

/** @param {readonly ToolPackage[]} packages */
function missingPackages(packages) {
  return packages.filter((name) => !isOnPath(PROGRAMS[name]));
}

/** @param {string} program */
function isOnPath(program) {
  // Not every user has the administrator's folders on the path.
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/sbin"];
  return folders.some((folder) => existsSync(join(folder, program)));
}

/** @param {readonly ToolPackage[]} packages */
function hint(packages) {
  return `${names(packages)} not found. Debian: sudo apt-get install ${packages.join(" ")}; Fedora: sudo dnf install ${packages.map((name) => (name === "rpm" ? "rpm-build" : name)).join(" ")}.`;
}

/** @param {readonly ToolPackage[]} packages */
function names(packages) {
  return packages.map((name) => PROGRAMS[name]).join(", ");
}

/** @param {string[]} args */
function apt(args) {
  const done = spawnSync("apt-get", ["-qq", ...args], {
    encoding: "utf8",
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    maxBuffer: 64 * 1024 * 1024,
  });
  if (done.status !== 0) {
    throw new Problem(`apt-get ${args.join(" ")} failed:\n${done.error?.message ?? done.stderr.trim()}`);
  }
}
