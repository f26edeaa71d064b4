import { chmodSync, copyFileSync, lutimesSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { PackageFile } from "./package-content.ts";

/** Writes a file of a build tree, with its folders. */
export function writeStaged(path: string, content: PackageFile["content"], mode: number): void {
  mkdirSync(dirname(path), { recursive: true });
  chmodSync(dirname(path), 0o755);
  if ("file" in content) copyFileSync(content.file, path);
  else writeFileSync(path, content);
  chmodSync(path, mode);
}

/** Writes the files of a package below `folder`, all with one time, whatever the umask and the clock are. */
export function writeTree(
  folder: string,
  content: { readonly files: readonly PackageFile[]; readonly folders: readonly string[] },
  epoch: number,
): void {
  const parents = new Set<string>();
  for (const path of content.folders) parents.add(path);
  for (const { path } of content.files)
    for (let parent = dirname(path); parent !== "/"; parent = dirname(parent)) parents.add(parent);
  for (const path of [...parents].toSorted()) {
    mkdirSync(join(folder, path), { recursive: true });
    chmodSync(join(folder, path), 0o755);
  }
  for (const { path, mode, content: bytes } of content.files) {
    writeStaged(join(folder, path), bytes, mode);
    lutimesSync(join(folder, path), epoch, epoch);
  }
  // Deepest first: a folder's time changes with what is put into it.
  for (const path of [...parents].toSorted().toReversed()) lutimesSync(join(folder, path), epoch, epoch);
  chmodSync(folder, 0o755);
  lutimesSync(folder, epoch, epoch);
}
