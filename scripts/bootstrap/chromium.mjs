import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { Problem } from "./problem.mjs";

const DEBIAN_PATH = "/usr/bin/chromium";

/**
 * The Chromium the browser tests use: CHROMIUM_PATH, or Debian's, which root on Debian gets installed.
 *
 * @returns {string} its path
 */
export function ensureChromium() {
  const chosen = process.env.CHROMIUM_PATH;
  if (chosen) {
    if (existsSync(chosen)) return chosen;
    throw new Problem(`CHROMIUM_PATH is ${chosen}, which does not exist.`);
  }
  if (!existsSync(DEBIAN_PATH)) installChromium();
  return DEBIAN_PATH;
}

function installChromium() {
  const isRoot = process.getuid?.() === 0;
  if (!isRoot || !existsSync("/etc/debian_version")) {
    throw new Problem(
      "The browser tests need Chromium. Install it (Debian: sudo apt-get install chromium), or set CHROMIUM_PATH to one.",
    );
  }
  console.error("Installing Chromium for the browser tests (once)…");
  apt(["update"]);
  apt(["install", "-y", "--no-install-recommends", "chromium"]);
  if (!existsSync(DEBIAN_PATH)) throw new Problem(`The package chromium brought no ${DEBIAN_PATH}.`);
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
