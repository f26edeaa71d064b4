import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createSigner, type Release } from "./host/release.ts";
import { succeed } from "./host/process.ts";

/** What all scenarios stand on: the built updater in package folders, and signed releases. */
export interface CrashGround {
  readonly folder: string;
  /** A package that brings no version of its own, so that nothing but the updater's care saves a host. */
  readonly barePackage: string;
  /** A package that brings 1.0.0. */
  readonly seededPackage: string;
  /** The Node that runs it. */
  readonly node: string;
  readonly anchor: Uint8Array;
  readonly releases: Releases;
  readonly bootId: string;
}

export interface Releases {
  readonly first: Release;
  readonly second: Release;
  /** 1.0.0: what runs when the work begins. */
  readonly old: Release;
  /** 1.1.0, in its different kinds. */
  readonly good: Release;
  readonly silent: Release;
  readonly crashing: Release;
  readonly unusable: Release;
}

/** Makes packages and releases below a folder; `bundles` is where the build puts the host's programs. */
export async function prepareGround(folder: string, bundles: string): Promise<CrashGround> {
  const signer = createSigner();
  const releases = join(folder, "releases");
  const of = (version: string, floor: string) => signer.release(releases, { version, floor });
  const next = (behaviour: "healthy" | "silent" | "crashing" | "unusable") =>
    signer.release(releases, { version: "1.1.0", floor: "1.0.0", behaviour, migrates: true });
  const made: Releases = {
    first: await of("0.8.0", "0.1.0"),
    second: await of("0.9.0", "0.8.0"),
    old: await of("1.0.0", "0.9.0"),
    good: await next("healthy"),
    silent: await next("silent"),
    crashing: await next("crashing"),
    unusable: await next("unusable"),
  };
  const barePackage = join(folder, "package");
  const seededPackage = join(folder, "package-with-seed");
  for (const place of [barePackage, seededPackage]) {
    await mkdir(place, { recursive: true });
    await copyFile(join(bundles, "muster-updater.mjs"), join(place, "muster-updater.mjs"));
    await writeFile(join(place, "trust-anchor.json"), signer.anchor);
  }
  await succeed(["cp", "--recursive", made.old.folder, join(seededPackage, "seed")]);
  // Hosts have a Node of their own; whatever happens to this machine's meanwhile is none of theirs.
  const node = join(folder, "node");
  await copyFile(process.execPath, node);
  const bootId = (await readFile("/proc/sys/kernel/random/boot_id", "utf8")).trim();
  return { folder, node, barePackage, seededPackage, anchor: signer.anchor, releases: made, bootId };
}
