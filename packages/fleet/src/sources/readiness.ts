import { assetNames, isVersion, MANIFEST_MAX_BYTES, type Version } from "@muster/core";
import type { SourceReleaseView } from "@muster/protocol/http";
import type { HostAsset, HostRelease } from "./ports.ts";

/** A file of signatures; each has some two hundred bytes. */
export const SIGNATURE_MAX_BYTES = 128 * 1024;

export type UnreadyReason = NonNullable<SourceReleaseView["reason"]>;

/** Names of the two assets that an import reads. */
export interface ImportedNames {
  readonly manifest: string;
  readonly signature: string;
}

/** What is wanted of a release, as far as its list of assets tells. */
export type Readiness =
  | { readonly kind: "ready"; readonly manifest: HostAsset; readonly signature: HostAsset }
  | { readonly kind: "not_ready"; readonly reason: UnreadyReason; readonly message: string };

/** The names that are asked for, or else the fixed ones. */
export function importedNames(
  product: string,
  asked: { readonly manifestAsset?: string | undefined; readonly signatureAsset?: string | undefined } = {},
): ImportedNames {
  const manifest = asked.manifestAsset ?? assetNames.manifest(product);
  return { manifest, signature: asked.signatureAsset ?? `${manifest}.sig` };
}

/** Whether a release carries the manifest and the signature, whole and of a size that they can have. */
export function readinessOf(
  { assets }: Pick<HostRelease, "assets">,
  { manifest: manifestName, signature: signatureName }: ImportedNames,
): Readiness {
  const manifest = assets.find(({ name }) => name === manifestName);
  const signature = assets.find(({ name }) => name === signatureName);
  if (!manifest) return notReady("manifest_missing", `it has no asset ${manifestName}`);
  if (!signature) return notReady("signature_missing", `it has no asset ${signatureName}`);
  if (!manifest.isComplete || !signature.isComplete) {
    return notReady("upload_incomplete", "the upload of the manifest or its signature has not ended");
  }
  if (manifest.sizeBytes > MANIFEST_MAX_BYTES) {
    return notReady("manifest_too_large", `${manifestName} is over ${MANIFEST_MAX_BYTES} bytes`);
  }
  if (signature.sizeBytes > SIGNATURE_MAX_BYTES) {
    return notReady("signature_too_large", `${signatureName} is over ${SIGNATURE_MAX_BYTES} bytes`);
  }
  return { kind: "ready", manifest, signature };
}

/** The version that a tag such as `v1.2.3`, `acme-agent-1.2.3` or `release/1.2.3` names; null if it names none. */
export function versionOfTag(tag: string): Version | null {
  const text = /(?:^|[/_-])v?(\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?)(?:\+[0-9A-Za-z.-]+)?$/.exec(tag)?.[1];
  return text !== undefined && isVersion(text) ? text : null;
}

function notReady(reason: UnreadyReason, message: string): Readiness {
  return { kind: "not_ready", reason, message };
}
