import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { ROOT } from "./execute.mjs";
import { Problem } from "./problem.mjs";

const MODULES = join(ROOT, "node_modules");
const STAMP = join(MODULES, ".muster-lock-hash");
const NODE = join(MODULES, ".bin", "node");
const INSTALL_LOCK = join(ROOT, ".install-lock");
const STALE_LOCK_MS = 15 * 60_000;

/**
 * Makes node_modules what package-lock.json says. Does nothing when it is already; two runs at once install once.
 */
export async function ensureInstalled() {
  if (isInstalled()) return;
  const release = await takeInstallLock();
  try {
    if (!isInstalled()) install();
  } finally {
    release();
  }
}

function isInstalled() {
  if (!existsSync(NODE)) return false;
  const hash = lockHash();
  if (existsSync(STAMP) && readFileSync(STAMP, "utf8") === hash) return true;
  if (!installedByHand()) return false;
  writeFileSync(STAMP, hash);
  return true;
}

function install() {
  console.error("Installing the pinned Node and dependencies (once, about a minute)…");
  const npm = process.env.npm_execpath;
  const args = ["ci", "--no-audit", "--no-fund", "--loglevel=error"];
  const options = /** @type {const} */ ({ cwd: ROOT, encoding: "utf8", maxBuffer: 64 * 1024 * 1024 });
  const done = npm?.endsWith(".js")
    ? spawnSync(process.execPath, [npm, ...args], options)
    : spawnSync("npm", args, { ...options, shell: process.platform === "win32" });
  if (done.status !== 0) {
    throw new Problem(`npm ci failed:\n${done.error?.message ?? `${done.stdout}${done.stderr}`.trim()}`);
  }
  if (!existsSync(NODE)) {
    throw new Problem(
      "npm ci did not install the pinned Node. Allow its install script: npm config set ignore-scripts false",
    );
  }
  writeFileSync(STAMP, lockHash());
}

function lockHash() {
  return createHash("sha256")
    .update(readFileSync(join(ROOT, "package-lock.json")))
    .digest("hex");
}

/** True if a plain `npm install` already brought node_modules to the lock: npm's own record of it agrees. */
function installedByHand() {
  const record = join(MODULES, ".package-lock.json");
  if (!existsSync(record)) return false;
  const wanted = packagesOf(join(ROOT, "package-lock.json"));
  const found = packagesOf(record);
  return Object.entries(wanted).every(([path, { integrity, optional }]) => {
    if (path === "") return true;
    const there = found[path];
    return there ? there.integrity === integrity : optional === true;
  });
}

/**
 * @param {string} file
 * @returns {Record<string, { integrity?: string, optional?: boolean }>}
 */
function packagesOf(file) {
  return JSON.parse(readFileSync(file, "utf8")).packages ?? {};
}

async function takeInstallLock() {
  for (;;) {
    try {
      mkdirSync(INSTALL_LOCK);
      return () => rmSync(INSTALL_LOCK, { recursive: true, force: true });
    } catch (error) {
      if (/** @type {NodeJS.ErrnoException} */ (error).code !== "EEXIST") throw error;
    }
    const age = Date.now() - (statSync(INSTALL_LOCK, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    if (age > STALE_LOCK_MS) rmSync(INSTALL_LOCK, { recursive: true, force: true });
    await wait(500);
  }
}
