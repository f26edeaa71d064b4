import { Buffer } from "node:buffer";
import { createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { MusterError, parse, type Decoder } from "@muster/core";
import { base64Decoder, toBase64, view } from "./bytes.ts";
import { sha256Hex } from "./digest.ts";
import { weaknessOf } from "./ed25519-point.ts";
import { readJsonFile, writeJsonFile } from "./json-file.ts";

/** Bytes of a raw Ed25519 public key. */
export const PUBLIC_KEY_BYTES = 32;

/** SubjectPublicKeyInfo of an Ed25519 key up to the key itself (RFC 8410 §4). */
const SPKI_PREFIX = Buffer.from("302a300506032b6570032100", "hex");

/** A public key and what people call it. The name proves nothing. */
export interface NamedKey {
  readonly name: string;
  /** Raw, 32 bytes. */
  readonly publicKey: Uint8Array;
}

/** A new Ed25519 key for signing. */
export function generateSigningKey(): KeyObject {
  return generateKeyPairSync("ed25519").privateKey;
}

/** The raw public key of a private or public Ed25519 key; `KEY_INVALID` for any other kind. */
export function rawPublicKey(key: KeyObject): Uint8Array {
  if (key.asymmetricKeyType !== "ed25519") {
    throw new MusterError("KEY_INVALID", { problem: `is ${key.asymmetricKeyType ?? "secret"}, not ed25519` });
  }
  const publicKey = key.type === "private" ? createPublicKey(key) : key;
  const spki = publicKey.export({ type: "spki", format: "der" });
  return new Uint8Array(spki.subarray(SPKI_PREFIX.byteLength));
}

/** The key object of a raw public key; `KEY_INVALID` unless it has 32 bytes. */
export function publicKeyObject(publicKey: Uint8Array): KeyObject {
  if (publicKey.byteLength !== PUBLIC_KEY_BYTES) {
    throw new MusterError("KEY_INVALID", { problem: `has ${publicKey.byteLength} bytes, not 32` });
  }
  const key = Buffer.concat([SPKI_PREFIX, view(publicKey)]);
  return createPublicKey({ key, format: "der", type: "spki" });
}

/** The SHA-256 of a raw public key: a hint at which key made a signature, never proof of it. */
export function keyId(publicKey: Uint8Array): string {
  return sha256Hex(publicKey);
}

export const keyNameDecoder = parse.string({
  min: 1,
  max: 64,
  pattern: /^[A-Za-z0-9](?:[A-Za-z0-9 ._@-]*[A-Za-z0-9])?$/,
  what: "letters, digits and single words of . _ @ -",
});

/** Decodes `{name, publicKey}`; weak keys are refused. */
export const namedKeyDecoder: Decoder<NamedKey> = (value, path) => {
  const key = namedKeyFields(value, path);
  const weakness = weaknessOf(key.publicKey);
  if (weakness !== null) parse.reject(path === "" ? "publicKey" : `${path}.publicKey`, weakness);
  return key;
};

const publicKeyField = base64Decoder(PUBLIC_KEY_BYTES);
const namedKeyFields = parse.object({ name: keyNameDecoder, publicKey: publicKeyField });
const publicKeyFile = parse.object({
  schema: parse.literal(1),
  name: keyNameDecoder,
  publicKey: publicKeyField,
});

/** The content of a public key file. */
export function encodePublicKey({ name, publicKey }: NamedKey): Uint8Array {
  return writeJsonFile({ schema: 1, name, publicKey: toBase64(publicKey) });
}

/** Reads a public key file; `KEY_INVALID` if it has not the right form or holds a weak key. */
export function parsePublicKey(bytes: Uint8Array): NamedKey {
  const { name, publicKey } = readJsonFile(publicKeyFile, bytes, "KEY_INVALID");
  const weakness = weaknessOf(publicKey);
  if (weakness !== null) throw new MusterError("KEY_INVALID", { field: "publicKey", problem: weakness });
  return { name, publicKey };
}
