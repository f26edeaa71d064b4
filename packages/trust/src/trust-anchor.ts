import { MusterError, parse, type Decoder } from "@muster/core";
import { toBase64 } from "./bytes.ts";
import { readJsonFile, writeJsonFile } from "./json-file.ts";
import { keyId, namedKeyDecoder, type NamedKey } from "./keys.ts";

/** Which keys may say what runs, and how many of them must. Built into the package on a host. */
export interface TrustAnchor {
  readonly schema: 1;
  /** Signatures by distinct keys that are needed, from 1 to the number of keys. */
  readonly threshold: number;
  readonly keys: readonly NamedKey[];
}

/** Most keys of an anchor. */
export const TRUST_ANCHOR_MAX_KEYS = 16;

const fields = parse.object({
  schema: parse.literal(1),
  threshold: parse.integer({ min: 1, max: TRUST_ANCHOR_MAX_KEYS }),
  keys: parse.array(namedKeyDecoder, { min: 1, max: TRUST_ANCHOR_MAX_KEYS }),
});

const trustAnchorDecoder: Decoder<TrustAnchor> = (value, path) => {
  const anchor = fields(value, path);
  if (new Set(anchor.keys.map(({ publicKey }) => keyId(publicKey))).size !== anchor.keys.length) {
    parse.reject("keys", "must not hold a key twice");
  }
  if (new Set(anchor.keys.map(({ name }) => name)).size !== anchor.keys.length) {
    parse.reject("keys", "must not use a name twice");
  }
  if (anchor.threshold > anchor.keys.length)
    parse.reject("threshold", "must not be above the number of keys");
  return anchor;
};

/** Reads a trust anchor; `TRUST_ANCHOR_INVALID` if it has not the right form, or holds a weak or doubled key. */
export function parseTrustAnchor(bytes: Uint8Array): TrustAnchor {
  return readJsonFile(trustAnchorDecoder, bytes, "TRUST_ANCHOR_INVALID");
}

/** The content of a trust anchor's file; `TRUST_ANCHOR_INVALID` if it could not be read again. */
export function encodeTrustAnchor(anchor: TrustAnchor): Uint8Array {
  const keys = anchor.keys.map(({ name, publicKey }) => ({ name, publicKey: toBase64(publicKey) }));
  const value = { schema: 1, threshold: anchor.threshold, keys };
  parse.decode(trustAnchorDecoder, value, "TRUST_ANCHOR_INVALID");
  return writeJsonFile(value);
}

/**
 * Guards against an anchor that was made by hand: a threshold of nothing would let everything pass, and the same
 * key twice would count twice.
 */
export function requireUsable(anchor: TrustAnchor): void {
  const distinct = new Set(anchor.keys.map(({ publicKey }) => keyId(publicKey))).size;
  const { threshold } = anchor;
  if (
    !Number.isSafeInteger(threshold) ||
    threshold < 1 ||
    threshold > distinct ||
    distinct < anchor.keys.length
  ) {
    throw new MusterError("TRUST_ANCHOR_INVALID", { threshold, keys: anchor.keys.length, distinct });
  }
}
