import { MusterError } from "../errors.ts";
import type { Manifest } from "../release/manifest.ts";
import { compareVersions, type Version } from "../release/version.ts";
import type { Journal } from "./host.ts";

/** A verified release that is to be installed. */
export interface InstallRequest {
  readonly manifest: Pick<Manifest, "product" | "version">;
  readonly manifestDigest: string;
  readonly allowDowngrade: boolean;
}

/** What is on the host already. */
export interface Installed {
  /** Null: not known, so any is right. */
  readonly product: string | null;
  readonly version: Version | null;
  readonly floor: Version | null;
  readonly bad: Journal["bad"];
}

/**
 * Returns if the host may go from what it has to the release. Throws `MANIFEST_PRODUCT_MISMATCH`, `UPDATE_NOT_NEEDED`,
 * `UPDATE_VERSION_BAD`, `UPDATE_BELOW_FLOOR` (which no permission lifts) or `UPDATE_DOWNGRADE_FORBIDDEN`.
 */
export function requireInstallable(request: InstallRequest, installed: Installed): void {
  const { product, version } = request.manifest;
  if (installed.product !== null && installed.product !== product) {
    throw new MusterError("MANIFEST_PRODUCT_MISMATCH", { expected: installed.product, actual: product });
  }
  if (installed.version === version) throw new MusterError("UPDATE_NOT_NEEDED", { version });
  if (installed.bad.some(({ manifestDigest }) => manifestDigest === request.manifestDigest)) {
    throw new MusterError("UPDATE_VERSION_BAD", { version });
  }
  if (installed.floor !== null && compareVersions(version, installed.floor) < 0) {
    throw new MusterError("UPDATE_BELOW_FLOOR", { version, floor: installed.floor });
  }
  const older = installed.version !== null && compareVersions(version, installed.version) < 0;
  if (older && !request.allowDowngrade) {
    throw new MusterError("UPDATE_DOWNGRADE_FORBIDDEN", { version, current: installed.version });
  }
}
