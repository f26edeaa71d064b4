import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { assetNames, platformOfNode } from "@muster/core";
import { runOk } from "../box/run.ts";
import { PROJECT } from "../fleet.ts";

/** Any time will do, as long as it is the same for all packages of a test. */
const BUILD_TIME_S = "1767225600";
const PRODUCT = "acme-agent";

/** What a release pipeline has: keys, the anchor made of them, and a folder for what comes of it. */
export interface Pipeline {
  readonly folder: string;
  readonly key: string;
  readonly anchor: string;
}

/** What `npm run package` says of each package. */
export interface BuiltPackage {
  readonly name: "muster-agent" | "muster-server";
  readonly format: "deb" | "rpm";
  readonly file: string;
}

export interface PackageWish {
  readonly version: string;
  /** The folder of the release that a host starts with. */
  readonly seed: string;
  /** Below the pipeline's folder. */
  readonly out: string;
  readonly package: "agent" | "server" | "all";
}

/** A program of a package, from what was bundled for it. */
export function muster(args: readonly string[]): Promise<string> {
  return runOk([process.execPath, join(PROJECT, "dist/server/muster.mjs"), ...args]);
}

export async function createPipeline(folder: string): Promise<Pipeline> {
  const at = (name: string) => join(folder, name);
  await muster(["release", "keygen", "release", "--out", at("release")]);
  await muster(["release", "anchor", at("release.pub"), "--threshold", "1", "--out", at("anchor.json")]);
  return { folder, key: at("release.key"), anchor: at("anchor.json") };
}

/** A signed release of the reference agent; gives its folder. */
export async function makeRelease({ folder, key }: Pipeline, version: string): Promise<string> {
  const [release, payload] = [join(folder, version), join(folder, `${version}.payload`)];
  await mkdir(release);
  await mkdir(payload);
  await runOk(["cp", join(PROJECT, "dist/host/muster-agent.mjs"), payload]);
  await writeFile(join(payload, "VERSION"), `${version}\n`);
  const platform = platformOfNode(process.platform, process.arch);
  const archive = join(release, assetNames.archive(PRODUCT, version, platform));
  await runOk(["tar", "-czf", archive, "-C", payload, "."]);
  await muster(["release", "build", release, "--entrypoint", "muster-agent.mjs"]);
  await muster(["release", "sign", release, "--key", key]);
  return release;
}

/** Runs `npm run package`, without the compression that takes most of its time. */
export async function buildPackages(
  { folder, key, anchor }: Pipeline,
  wish: PackageWish,
): Promise<readonly BuiltPackage[]> {
  const inputs = [
    "--trust-anchor",
    anchor,
    "--seed",
    wish.seed,
    "--sign-key",
    key,
    "--version",
    wish.version,
  ];
  const how = ["--package", wish.package, "--compression", "none", "--rebuild", "--json"];
  const program = [process.execPath, join(PROJECT, "packaging/main.ts")] as const;
  const out = ["--out", join(folder, wish.out)];
  const printed = await runOk([
    "env",
    `SOURCE_DATE_EPOCH=${BUILD_TIME_S}`,
    ...program,
    ...inputs,
    ...how,
    ...out,
  ]);
  return JSON.parse(printed) as readonly BuiltPackage[];
}

/** The file of one of the packages. */
export function fileOf(
  built: readonly BuiltPackage[],
  name: BuiltPackage["name"],
  format: BuiltPackage["format"],
): string {
  const found = built.find((candidate) => candidate.name === name && candidate.format === format);
  if (found === undefined) throw new Error(`no ${name} was built as ${format}`);
  return found.file;
}
