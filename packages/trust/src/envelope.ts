import { sign, verify, type KeyObject } from "node:crypto";
import { MusterError } from "@muster/core";
import { keyId, publicKeyObject, rawPublicKey, type NamedKey } from "./keys.ts";
import { pae } from "./pae.ts";
import { encodeSignatures, parseSignatures, SIGNATURES_MAX } from "./signature-file.ts";
import type { DetachedSignature } from "./signature-file.ts";
import { requireUsable, type TrustAnchor } from "./trust-anchor.ts";

/** Bytes and what they are said to be. */
export interface Payload {
  readonly payload: Uint8Array;
  readonly payloadType: string;
}

/** The content of a `.sig` file, besides its payload. */
export interface SignedPayload extends Payload {
  readonly signatures: Uint8Array;
}

/**
 * Signs a payload and gives the content of its `.sig` file, with the signatures of `existing` kept. Signing again with
 * the same key replaces its signature. `existing` that is of another type gets `SIGNATURE_TYPE_MISMATCH`.
 */
export function signDetached(
  { payload, payloadType }: Payload,
  privateKey: KeyObject,
  existing?: Uint8Array,
): Uint8Array {
  const keyid = keyId(rawPublicKey(privateKey));
  const sig = new Uint8Array(sign(null, pae(payloadType, payload), privateKey));
  const kept = existing === undefined ? [] : readSignatures(existing, payloadType);
  const signatures = [...kept.filter((entry) => entry.keyid !== keyid), { keyid, sig }];
  if (signatures.length > SIGNATURES_MAX) {
    throw new MusterError("SIGNATURE_MALFORMED", { signatures: signatures.length, most: SIGNATURES_MAX });
  }
  return encodeSignatures({ schema: 1, payloadType, signatures });
}

/** Throws unless `threshold` distinct keys of the anchor signed the payload. See `signersOf` for the rest. */
export function verifyDetached(signed: SignedPayload, anchor: TrustAnchor): readonly string[] {
  const signers = signersOf(signed, anchor);
  if (signers.length < anchor.threshold) {
    const missing = anchor.keys.map(({ name }) => name).filter((name) => !signers.includes(name));
    throw new MusterError("SIGNATURE_INVALID", {
      needed: anchor.threshold,
      valid: signers.length,
      by: signers,
      missing,
    });
  }
  return signers;
}

/**
 * The names of the anchor's keys that signed the payload, each once, in the anchor's order; they may be too few.
 * Nothing of the payload is read. Throws `SIGNATURE_MALFORMED`, `SIGNATURE_TYPE_MISMATCH`, `TRUST_ANCHOR_INVALID`.
 */
export function signersOf(
  { payload, payloadType, signatures }: SignedPayload,
  anchor: TrustAnchor,
): readonly string[] {
  requireUsable(anchor);
  const entries = readSignatures(signatures, payloadType);
  const message = pae(payloadType, payload);
  return anchor.keys.filter((key) => signedBy(key, entries, message)).map(({ name }) => name);
}

function signedBy(
  { publicKey }: NamedKey,
  entries: readonly DetachedSignature[],
  message: Uint8Array,
): boolean {
  const key = publicKeyObject(publicKey);
  const hint = keyId(publicKey);
  // The hint only says where to look first: a wrong or missing one hides no signature.
  const likelyFirst = entries.toSorted((a, b) => Number(b.keyid === hint) - Number(a.keyid === hint));
  return likelyFirst.some(({ sig }) => verify(null, message, key, sig));
}

function readSignatures(bytes: Uint8Array, payloadType: string): readonly DetachedSignature[] {
  const file = parseSignatures(bytes);
  if (file.payloadType !== payloadType) {
    throw new MusterError("SIGNATURE_TYPE_MISMATCH", { expected: payloadType, actual: file.payloadType });
  }
  return file.signatures;
}
