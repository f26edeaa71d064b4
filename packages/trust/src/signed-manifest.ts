import type { KeyObject } from "node:crypto";
import {
  MANIFEST_MAX_BYTES,
  MANIFEST_PAYLOAD_TYPE,
  MusterError,
  parseManifest,
  type Manifest,
} from "@muster/core";
import { sha256Hex } from "./digest.ts";
import { signDetached, verifyDetached } from "./envelope.ts";
import type { TrustAnchor } from "./trust-anchor.ts";

/** A manifest's exact bytes and the content of its `.sig` file. */
export interface SignedManifest {
  readonly manifest: Uint8Array;
  readonly signatures: Uint8Array;
}

/** A manifest that enough trusted keys signed. */
export interface VerifiedManifest {
  readonly manifest: Manifest;
  /** SHA-256 of the manifest's bytes, lower-case hexadecimal. */
  readonly digest: string;
  /** Names of the trusted keys that signed. */
  readonly signers: readonly string[];
}

/** Signs a manifest's bytes; gives the content of the `.sig` file, with the signatures of `existing` kept. */
export function signManifest(manifest: Uint8Array, privateKey: KeyObject, existing?: Uint8Array): Uint8Array {
  return signDetached({ payload: manifest, payloadType: MANIFEST_PAYLOAD_TYPE }, privateKey, existing);
}

/**
 * Verifies a manifest's signatures, and only then reads it. Throws the codes of `verifyDetached` and of
 * `parseManifest`.
 */
export function verifyManifest(
  { manifest, signatures }: SignedManifest,
  anchor: TrustAnchor,
): VerifiedManifest {
  if (manifest.byteLength > MANIFEST_MAX_BYTES) {
    throw new MusterError("MANIFEST_INVALID", {
      field: "(root)",
      problem: `is over ${MANIFEST_MAX_BYTES} bytes`,
    });
  }
  const payloadType = MANIFEST_PAYLOAD_TYPE;
  const signers = verifyDetached({ payload: manifest, payloadType, signatures }, anchor);
  return { manifest: parseManifest(manifest), digest: sha256Hex(manifest), signers };
}
