import { assetNames, type Manifest, MANIFEST_MAX_BYTES, MusterError } from "@muster/core";
import type { ImportRelease, ReleaseView } from "@muster/protocol/http";
import { type TrustAnchor, verifyManifest } from "@muster/trust";
import type { OriginAsset } from "../registry/ports.ts";
import type { ReleaseRegistry } from "../registry/ports.ts";
import type { HostAsset, HostRelease, ImportedBy, ReleaseHost, SourcePlace } from "./ports.ts";
import { importedNames, readinessOf, SIGNATURE_MAX_BYTES, versionOfTag } from "./readiness.ts";

export interface ImportPorts {
  readonly host: ReleaseHost;
  readonly releases: Pick<ReleaseRegistry, "publish">;
  /** The keys that releases must be signed with. */
  readonly trustedAnchor: TrustAnchor;
  readonly signal: AbortSignal;
}

export interface ImportedFrom {
  readonly sourceId: string;
  readonly place: SourcePlace;
  readonly product: string;
}

/** Imports one release of a source; see `Sources.import`. */
export async function importRelease(
  { host, releases, trustedAnchor, signal }: ImportPorts,
  { from, request, by }: { from: ImportedFrom; request: ImportRelease; by: ImportedBy },
): Promise<ReleaseView> {
  const { sourceId, place, product } = from;
  const { tag } = request;
  const found = await host.find(place, tag, signal);
  const readiness = readinessOf(found, importedNames(product, request));
  if (readiness.kind === "not_ready") {
    const { reason, message } = readiness;
    throw new MusterError("SOURCE_RELEASE_NOT_READY", { source: sourceId, tag, reason, problem: message });
  }
  const read = (asset: HostAsset, maxBytes: number) =>
    host.read(host.locate(place, tag, asset), maxBytes, signal);
  const manifest = await read(readiness.manifest, MANIFEST_MAX_BYTES);
  const signatures = await read(readiness.signature, SIGNATURE_MAX_BYTES);
  // Nothing of the manifest is read before its signatures are verified.
  const verified = verifyManifest({ manifest, signatures }, trustedAnchor).manifest;
  requireMatch(verified, { tag, product, isNamed: request.manifestAsset !== undefined });
  const origin = { sourceId, tag, assets: assetsOf(verified, found) };
  return releases.publish({ manifest, signatures, source: "url", origin }, by.actor, by.trail);
}

/**
 * A genuine manifest can hang at the wrong release: whoever may edit the host's releases could offer an old version as the
 * newest. Who names the asset has looked: a tag can be that of another product in the same repository.
 */
function requireMatch(
  { product, version }: Manifest,
  wanted: { readonly tag: string; readonly product: string; readonly isNamed: boolean },
): void {
  const told = versionOfTag(wanted.tag);
  const isOtherVersion = !wanted.isNamed && told !== null && told !== version;
  if (product === wanted.product && !isOtherVersion) return;
  throw new MusterError("SOURCE_RELEASE_MISMATCH", {
    tag: wanted.tag,
    wanted: `${wanted.product} ${told ?? ""}`.trim(),
    manifest: `${product} ${version}`,
  });
}

/** The release's asset of each artifact: the one of the fixed name, or else of the name that the manifest's address ends with. */
function assetsOf({ product, version, artifacts }: Manifest, { assets }: HostRelease): OriginAsset[] {
  const complete = assets.filter(({ isComplete }) => isComplete);
  return artifacts.flatMap(({ os, arch, url }) => {
    const fixed = assetNames.archive(product, version, { os, arch });
    const last = URL.canParse(url) ? new URL(url).pathname.split("/").at(-1) : undefined;
    const asset =
      complete.find(({ name }) => name === fixed) ??
      complete.find(({ name }) => name === last || encodeURIComponent(name) === last);
    return asset ? [{ os, arch, id: asset.id, name: asset.name }] : [];
  });
}
