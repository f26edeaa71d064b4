import { createHash } from "node:crypto";
import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { artifactFor, asMusterError, assetNames } from "../packages/core/src/index.ts";
import { verifyManifest, type TrustAnchor } from "../packages/trust/src/index.ts";
import { Problem } from "../scripts/bootstrap/problem.mjs";
import type { PackageArch } from "./package-description.ts";

/** The version a host starts with, verified: the files of its release for one architecture. */
export interface GivenSeed {
  readonly folder: string;
  readonly names: readonly string[];
}

/**
 * Takes a release's folder as a seed. It must verify with the anchor that goes into the same package: a host would refuse
 * it otherwise. Throws `Problem`.
 */
export function readSeedFolder(folder: string, anchor: TrustAnchor, arch: PackageArch): GivenSeed {
  const [manifestName, ...more] = globSync(`*${assetNames.manifest("")}`, { cwd: folder });
  if (manifestName === undefined || more.length > 0)
    throw new Problem(`--seed ${folder}: there must be one release in it, as muster release build leaves it`);
  const read = (name: string) => {
    const path = join(folder, name);
    if (!existsSync(path)) throw new Problem(`--seed ${folder}: ${name} is missing`);
    return readFileSync(path);
  };
  const signed = { manifest: read(manifestName), signatures: read(`${manifestName}.sig`) };
  const platform = { os: "linux", arch } as const;
  try {
    const { manifest } = verifyManifest(signed, anchor);
    const { sha256 } = artifactFor(manifest, platform);
    const archive = assetNames.archive(manifest.product, manifest.version, platform);
    if (createHash("sha256").update(read(archive)).digest("hex") !== sha256)
      throw new Problem(`--seed ${folder}: ${archive} is not what the manifest says`);
    return { folder, names: [manifestName, `${manifestName}.sig`, archive] };
  } catch (error) {
    if (error instanceof Problem) throw error;
    const { code, message, help } = asMusterError(error);
    throw new Problem(`--seed ${folder}: ${message} [${code}]\n  ${help}`);
  }
}

/** The seed's files; none without a seed. */
export function seedFiles(
  seed: GivenSeed | null,
): readonly { readonly name: string; readonly file: string }[] {
  return seed === null ? [] : seed.names.map((name) => ({ name, file: join(seed.folder, name) }));
}
