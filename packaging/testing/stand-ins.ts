import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import type { BuildRequest } from "../build-packages.ts";
import { PACKAGES } from "../packages.ts";

export const REPOSITORY = fileURLToPath(new URL("../..", import.meta.url));

/** What `npm run build` would have made. */
const BUILT = [
  "dist/host/muster-updater",
  "dist/host/muster-agent",
  "dist/server/muster-server",
  "dist/server/muster",
].flatMap((name) => [`${name}.mjs`, `${name}.licences.txt`]);
const PAGES = ["apps/web/dist/index.html", "apps/web/dist/assets/index-1.js"];

/** A folder that is gone when the test is over. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "muster-packaging-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Writes a file and the folders above it. */
export function put(path: string, content: string): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  return path;
}

/** A request for small packages: the real descriptions, scripts and units, with stand-ins for what takes long to build. */
export function smallRequest(changes: Partial<BuildRequest> = {}): BuildRequest {
  const root = temporaryFolder();
  for (const name of ["packaging", "LICENSE"]) symlinkSync(join(REPOSITORY, name), join(root, name));
  for (const name of [...BUILT, ...PAGES]) put(join(root, name), `stands for ${name}\n`);
  // A small program of the kind that the runtime is.
  const node = join(root, "node");
  copyFileSync("/bin/true", node);
  const seed = join(root, "seed");
  put(join(seed, "acme-release-manifest.json"), "{}");
  return {
    packages: PACKAGES,
    formats: ["deb"],
    arch: "amd64",
    compression: "none",
    out: join(root, "out"),
    cache: null,
    ...changes,
    inputs: {
      root,
      node,
      trustAnchor: Buffer.from("stands for the anchor\n"),
      seed: { folder: seed, names: ["acme-release-manifest.json"] },
      version: "1.2.3",
      epoch: 1_750_000_000,
      ...changes.inputs,
    },
  };
}
