import { readdir } from "node:fs/promises";
import { compareVersions, MusterError, parseManifest, type HostLayout, type Version } from "@muster/core";
import { parseTrustAnchor, type TrustAnchor } from "@muster/trust";
import { errnoOf, readIfThere } from "../host/files.ts";

const ANCHOR_MAX_BYTES = 65_536;
const MANIFEST_MAX_BYTES = 4 * 1024 * 1024;

/**
 * The package's trust anchor; `TRUST_ANCHOR_INVALID`. What the agent verifies with it is only the first look: the
 * updater reads its own.
 */
export async function readTrustAnchor(packageFolder: string | null): Promise<TrustAnchor> {
  if (packageFolder === null)
    throw new MusterError("TRUST_ANCHOR_INVALID", { problem: "no package started this agent" });
  const path = `${packageFolder}/trust-anchor.json`;
  const bytes = await readIfThere(path, ANCHOR_MAX_BYTES);
  if (bytes === null) throw new MusterError("TRUST_ANCHOR_INVALID", { path, problem: "is missing" });
  return parseTrustAnchor(bytes);
}

/** The highest floor that the manifests of the installed versions set. One that cannot be read sets none here. */
export async function installedFloor({ manifests }: HostLayout): Promise<Version | null> {
  let floor: Version | null = null;
  for (const name of await namesIn(manifests)) {
    if (!name.endsWith(".json")) continue;
    const found = await floorOf(`${manifests}/${name}`);
    if (found !== null && (floor === null || compareVersions(found, floor) > 0)) floor = found;
  }
  return floor;
}

async function floorOf(path: string): Promise<Version | null> {
  try {
    const bytes = await readIfThere(path, MANIFEST_MAX_BYTES);
    return bytes === null ? null : (parseManifest(bytes).floor ?? null);
  } catch (error) {
    if (error instanceof MusterError) return null;
    throw error;
  }
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (errnoOf(error) === "ENOENT" || errnoOf(error) === "EACCES") return [];
    throw error;
  }
}
