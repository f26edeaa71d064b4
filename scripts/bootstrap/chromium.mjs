import { existsSync } from "node:fs";
import { canInstall, installPackages } from "./debian-packages.mjs";
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
  if (!canInstall()) {
    throw new Problem(
      "The browser tests need Chromium. Install it (Debian: sudo apt-get install chromium), or set CHROMIUM_PATH to one.",
    );
  }
  installPackages(["chromium"]);
  if (!existsSync(DEBIAN_PATH)) throw new Problem(`The package chromium brought no ${DEBIAN_PATH}.`);
}
