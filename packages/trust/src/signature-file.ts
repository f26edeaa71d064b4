import { parse, type Decoder } from "@muster/core";
import { base64Decoder, toBase64 } from "./bytes.ts";
import { readJsonFile, writeJsonFile } from "./json-file.ts";

/** Bytes of an Ed25519 signature. */
export const SIGNATURE_BYTES = 64;
/** Most signatures of one `.sig` file. */
export const SIGNATURES_MAX = 16;

/** One signature of a `.sig` file. */
export interface DetachedSignature {
  /** A hint at the key; never trusted. */
  readonly keyid: string;
  /** 64 bytes. */
  readonly sig: Uint8Array;
}

/** What a `.sig` file says. The payload itself stands in its own file. */
export interface SignatureFile {
  readonly schema: 1;
  readonly payloadType: string;
  readonly signatures: readonly DetachedSignature[];
}

const signatureFileDecoder: Decoder<SignatureFile> = parse.object({
  schema: parse.literal(1),
  payloadType: parse.string({ min: 1, max: 128 }),
  signatures: parse.array(
    parse.object({
      keyid: parse.string({ max: 64, pattern: /^[0-9a-f]*$/, what: "lower-case hexadecimal digits" }),
      sig: base64Decoder(SIGNATURE_BYTES),
    }),
    { min: 1, max: SIGNATURES_MAX },
  ),
});

/** Reads a `.sig` file; `SIGNATURE_MALFORMED`. Proves nothing about the signatures. */
export function parseSignatures(bytes: Uint8Array): SignatureFile {
  return readJsonFile(signatureFileDecoder, bytes, "SIGNATURE_MALFORMED");
}

/** The content of a `.sig` file. */
export function encodeSignatures({ payloadType, signatures }: SignatureFile): Uint8Array {
  const entries = signatures.map(({ keyid, sig }) => ({ keyid, sig: toBase64(sig) }));
  return writeJsonFile({ schema: 1, payloadType, signatures: entries });
}
