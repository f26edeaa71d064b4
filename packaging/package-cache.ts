import { createHash } from "node:crypto";
import {
  copyFileSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import type { PackageBuild, PackageBuilder } from "./package-build.ts";

/** Packages hold a runtime each: more than the latest are not worth their place. */
const KEEP = 12;

/** A package as a file, and whether it had to be built. */
export interface StoredPackage {
  readonly file: string;
  readonly fromCache: boolean;
}

export interface BuildPlace {
  /** Where built packages are kept by what they are made of; null: nothing is kept, everything is built. */
  readonly cache: string | null;
  readonly out: string;
  /** What the result depends on besides the build: the tools, this code. */
  readonly salt: string;
}

/** Builds a package into `out`, or takes the one that was built from the same before. */
export function storedBuild(
  build: PackageBuild,
  builder: PackageBuilder,
  { cache, out, salt }: BuildPlace,
): StoredPackage {
  mkdirSync(out, { recursive: true });
  const kept = cache === null ? null : join(cache, buildKey(build, salt));
  const [found] = kept === null ? [] : globSync(join(kept, "*"));
  if (found !== undefined && kept !== null) {
    const now = new Date();
    utimesSync(kept, now, now);
    return { file: copyInto(found, out), fromCache: true };
  }
  const work = mkdtempSync(join(tmpdir(), "muster-package-"));
  try {
    const built = builder(build, work);
    if (kept !== null && cache !== null) keep(built, kept, cache);
    return { file: copyInto(built, out), fromCache: false };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** What tells one build from another. */
function buildKey(build: PackageBuild, salt: string): string {
  const files = build.files.map(({ path, mode, sha256, isConfiguration }) => [
    path,
    mode,
    sha256,
    isConfiguration,
  ]);
  return createHash("sha256")
    .update(JSON.stringify({ ...build, files, salt }))
    .digest("hex");
}

function copyInto(file: string, folder: string): string {
  const target = join(folder, basename(file));
  const fresh = `${target}.new`;
  copyFileSync(file, fresh);
  renameSync(fresh, target);
  return target;
}

function keep(file: string, kept: string, cache: string): void {
  const fresh = `${kept}.${process.pid}`;
  mkdirSync(fresh, { recursive: true });
  copyInto(file, fresh);
  // Another process may have built the same meanwhile.
  if (existsSync(kept)) rmSync(fresh, { recursive: true });
  else renameSync(fresh, kept);
  const entries = globSync(join(cache, "*")).map((path) => ({ path, usedAtMs: statSync(path).mtimeMs }));
  for (const { path } of entries.toSorted((a, b) => b.usedAtMs - a.usedAtMs).slice(KEEP))
    rmSync(path, { recursive: true, force: true });
}

/** One digest of several files' contents. */
export function digestOf(paths: readonly string[]): string {
  const hash = createHash("sha256");
  for (const path of paths) hash.update(`${path}\0`).update(readFileSync(path)).update("\0");
  return hash.digest("hex");
}
