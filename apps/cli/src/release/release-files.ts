import { readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { MANIFEST_MAX_BYTES, MusterError } from "@muster/core";
import { usage } from "../arguments/usage.ts";
import { reading, readSmallFile, readSmallFileIfAny, statFile } from "../files.ts";

/** Where a release lies. */
export interface ReleaseFiles {
  readonly folder: string;
  readonly manifest: string;
  readonly signatures: string;
}

const MANIFEST_NAME = /-release-manifest\.json$/;
const SIGNATURES_MAX_BYTES = 65_536;

/** The release in a folder, or the one whose manifest is named; `USAGE_INVALID` if the folder holds none or several. */
export async function findRelease(path: string): Promise<ReleaseFiles> {
  const { isFolder } = await statFile(path);
  if (!isFolder) return { folder: dirname(path), manifest: path, signatures: `${path}.sig` };
  const names = await reading(path, () => readdir(path));
  const [name, ...others] = names.filter((candidate) => MANIFEST_NAME.test(candidate));
  if (name === undefined) {
    throw usage("There is no *-release-manifest.json in this folder; run `muster release build` first.", {
      folder: path,
    });
  }
  if (others.length > 0)
    throw usage("There are several manifests in this folder; name one.", { found: [name, ...others] });
  return { folder: path, manifest: join(path, name), signatures: join(path, `${name}.sig`) };
}

export function readManifestFile({ manifest }: ReleaseFiles): Promise<Uint8Array> {
  return readSmallFile(manifest, MANIFEST_MAX_BYTES);
}

/** The signatures; `FILE_NOT_READABLE` if nobody has signed yet. */
export async function readSignatureFile(release: ReleaseFiles): Promise<Uint8Array> {
  const bytes = await readSignatureFileIfAny(release);
  if (bytes !== null) return bytes;
  throw new MusterError("FILE_NOT_READABLE", {
    path: release.signatures,
    problem: "the release is not signed yet; run `muster release sign`",
  });
}

/** The signatures that are there already, or null. */
export function readSignatureFileIfAny({ signatures }: ReleaseFiles): Promise<Uint8Array | null> {
  return readSmallFileIfAny(signatures, SIGNATURES_MAX_BYTES);
}
