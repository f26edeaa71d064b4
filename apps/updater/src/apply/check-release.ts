import {
  artifactFor,
  higherVersion,
  localPolicyDecoder,
  MusterError,
  OPEN_POLICY,
  parse,
  requireAllowedByPolicy,
  requireInstallable,
  type Handoff,
  type Journal,
  type LocalPolicy,
} from "@muster/core";
import { verifyManifest } from "@muster/trust";
import { readAgentConfig } from "../gateway/gateway-address.ts";
import { readSmallText } from "../fs/reading.ts";
import type { Release } from "../install/stage-release.ts";
import type { Host } from "../ports.ts";
import { keptManifest } from "../versions/kept-manifest.ts";
import { linkedVersion } from "../versions/links.ts";
import { readTrustAnchor } from "../versions/trust.ts";
import { readStagedManifest } from "./handoff-files.ts";

const POLICY_MAX_BYTES = 65_536;

interface Candidate extends Pick<Release, "manifest" | "digest"> {
  readonly allowDowngrade: boolean;
}

/**
 * Checks everything about a handed over release that can be checked before its archive is looked at, with the package's
 * own trust anchor. Throws `HANDOFF_INVALID`, `TRUST_ANCHOR_INVALID`, `SIGNATURE_…`, `MANIFEST_…`, `ARTIFACT_NOT_FOUND`,
 * `POLICY_…`, `UPDATE_…`.
 */
export function checkRelease(host: Host, handoff: Handoff, journal: Journal): Release {
  const { layout, platform } = host;
  const signed = readStagedManifest(layout);
  const { manifest, digest } = verifyManifest(signed, readTrustAnchor(host));
  if (digest !== handoff.manifestDigest) {
    throw new MusterError("MANIFEST_DIGEST_MISMATCH", { expected: handoff.manifestDigest, actual: digest });
  }
  if (manifest.product !== handoff.product) {
    throw new MusterError("MANIFEST_PRODUCT_MISMATCH", {
      expected: handoff.product,
      actual: manifest.product,
    });
  }
  if (manifest.version !== handoff.version) {
    throw new MusterError("HANDOFF_INVALID", {
      field: "version",
      problem: `the manifest is of ${manifest.version}`,
    });
  }
  const artifact = artifactFor(manifest, platform);
  requireWelcome(host, journal, { manifest, digest, allowDowngrade: handoff.allowDowngrade });
  return { signed, manifest, digest, artifact };
}

/** Returns if the owner's policy and what is on the host allow a verified release. Throws `POLICY_…`, `UPDATE_…`. */
export function requireWelcome(host: Host, journal: Journal, candidate: Candidate): void {
  const { layout } = host;
  const { manifest, digest, allowDowngrade } = candidate;
  requireAllowedByPolicy(readPolicy(layout.policy), manifest);
  const version = linkedVersion(layout.current);
  const installed = version === null ? null : keptManifest(host, version);
  requireInstallable(
    { manifest, manifestDigest: digest, allowDowngrade },
    {
      product: installed?.manifest.product ?? readAgentConfig(layout)?.product ?? null,
      version,
      floor: higherVersion(journal.floor, installed?.manifest.floor ?? null),
      bad: journal.bad,
    },
  );
}

/** The owner's policy; without one everything is allowed, with a broken one nothing: `POLICY_INVALID`. */
export function readPolicy(path: string): LocalPolicy {
  try {
    const text = readSmallText(path, { maxBytes: POLICY_MAX_BYTES, followLink: true });
    return text === null ? OPEN_POLICY : parse.decodeJson(localPolicyDecoder, text, "POLICY_INVALID");
  } catch (error) {
    if (!(error instanceof MusterError) || error.code === "POLICY_INVALID") throw error;
    throw new MusterError("POLICY_INVALID", error.details, { cause: error });
  }
}
