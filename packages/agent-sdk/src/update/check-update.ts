import {
  artifactFor,
  MusterError,
  requireAllowedByPolicy,
  requireInstallable,
  type Artifact,
  type Assignment,
  type LocalPolicy,
  type Manifest,
  type Platform,
  type Version,
} from "@muster/core";
import { sha256Hex, verifyManifest, type SignedManifest, type TrustAnchor } from "@muster/trust";

/** What the update is held against. */
export interface HostFacts {
  readonly product: string;
  readonly version: Version;
  readonly platform: Platform;
  readonly policy: LocalPolicy;
  /** The lowest version this host may install; null for none. */
  readonly floor: Version | null;
  readonly anchor: TrustAnchor;
}

export interface CheckedUpdate {
  readonly manifest: Manifest;
  readonly artifact: Artifact;
}

/**
 * Holds a verified assignment, the manifest that came with it and the host against each other. Nothing in the manifest
 * is read before its signatures are verified. The updater checks the same again and is the one that decides. Throws
 * `MANIFEST_…`, `SIGNATURE_…`, `POLICY_…`, `UPDATE_…`, `ARTIFACT_NOT_FOUND` or `ASSIGNMENT_INVALID`.
 */
export function checkUpdate(assignment: Assignment, signed: SignedManifest, host: HostFacts): CheckedUpdate {
  const digest = sha256Hex(signed.manifest);
  if (digest !== assignment.manifestDigest) {
    throw new MusterError("MANIFEST_DIGEST_MISMATCH", {
      expected: assignment.manifestDigest,
      actual: digest,
    });
  }
  const { manifest } = verifyManifest(signed, host.anchor);
  if (assignment.product !== host.product) {
    throw new MusterError("MANIFEST_PRODUCT_MISMATCH", {
      expected: host.product,
      actual: assignment.product,
    });
  }
  if (assignment.version !== manifest.version || assignment.product !== manifest.product) {
    throw new MusterError("ASSIGNMENT_INVALID", {
      problem: "names another release than its manifest",
      assignment: `${assignment.product} ${assignment.version}`,
      manifest: `${manifest.product} ${manifest.version}`,
    });
  }
  const { product, version, floor } = host;
  const { allowDowngrade } = assignment;
  requireInstallable(
    { manifest, manifestDigest: digest, allowDowngrade },
    { product, version, floor, bad: [] },
  );
  requireAllowedByPolicy(host.policy, manifest);
  return { manifest, artifact: artifactFor(manifest, host.platform) };
}
