import { execFile } from "node:child_process";
import { glob, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { promisify } from "node:util";

export interface PackageSize {
  readonly file: string;
  readonly packedBytes: number;
  readonly installedBytes: number;
}

const run = promisify(execFile);

/** Of every Debian package below `dist/packages`, read with `dpkg-deb`; none where none were built. */
export async function packageSizes(project: string): Promise<readonly PackageSize[]> {
  const sizes: PackageSize[] = [];
  for await (const path of glob(join(project, "dist/packages/**/*.deb"))) sizes.push(await sizeOf(path));
  return sizes.toSorted((left, right) => left.file.localeCompare(right.file));
}

async function sizeOf(path: string): Promise<PackageSize> {
  const { stdout } = await run("dpkg-deb", ["--field", path, "Installed-Size"]);
  // Debian Policy §5.6.20: in KiB.
  const installedBytes = Number(stdout.trim()) * 1024;
  return { file: basename(path), packedBytes: (await stat(path)).size, installedBytes };
}
