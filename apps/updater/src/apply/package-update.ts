import { compareVersions, DEFAULT_LIMITS, MusterError, packageTarget } from "@muster/core";
import { readAgentConfig } from "../gateway/gateway-address.ts";
import { loadJournal } from "../journal/journal-store.ts";
import type { Host } from "../ports.ts";
import { packagedSeed } from "../seed/packaged-seed.ts";
import { linkedVersion } from "../versions/links.ts";
import { readPolicy, requireWelcome } from "./check-release.ts";
import type { Update } from "./update.ts";

/**
 * The update to a version that the package brings: only if the owner's policy asks for it, the version is newer than the
 * one the fleet has put here, and this host has not rolled it back. Null: there is none. A host that is not enrolled
 * could not prove the version healthy, so it waits.
 */
export function packageUpdate(host: Host): Update | null {
  const { layout } = host;
  const fromVersion = linkedVersion(layout.current);
  if (fromVersion === null || readAgentConfig(layout) === null || !isWanted(host)) return null;
  const seed = packagedSeed(host);
  if (seed === null || compareVersions(seed.version, fromVersion) <= 0) return null;
  const { release, archive, version } = seed;
  if (loadJournal(host).bad.some(({ manifestDigest }) => manifestDigest === release.digest)) return null;
  const { product } = release.manifest;
  host.say(`the package brings ${version}, newer than ${fromVersion}`);
  return {
    subject: { targetId: packageTarget(release.digest), product, fromVersion, toVersion: version },
    limits: DEFAULT_LIMITS,
    check: (journal) => {
      requireWelcome(host, journal, { ...release, allowDowngrade: false });
      return release;
    },
    archive,
    onTaken: () => {},
  };
}

function isWanted(host: Host): boolean {
  try {
    return readPolicy(host.layout.policy).packageSeed === "newer";
  } catch (error) {
    // With a policy that cannot be read nothing is installed.
    if (error instanceof MusterError) return false;
    throw error;
  }
}
