import { Buffer } from "node:buffer";
import { randomBytes, timingSafeEqual } from "node:crypto";
import { idDecoder, MusterError, parse } from "@muster/core";
import { sha256Hex } from "./digest.ts";

/** What a registration token holds: `muster1.<tokenId>.<secret>.<caPin>`. */
export interface JoinToken {
  readonly tokenId: string;
  /** 32 random bytes, base64url. The server keeps only its hash. */
  readonly secret: string;
  /** Pin of the agents' CA, see `authorityPin`: how a new host knows the server that made the token. */
  readonly caPin: string;
}

const PREFIX = "muster1";
/** 32 bytes in base64url: the last character carries four bits. */
const THIRTY_TWO_BYTES = /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/;

/** The secret of a new token. */
export function createTokenSecret(): string {
  return randomBytes(32).toString("base64url");
}

/** What the server keeps of a secret: its SHA-256. The secret has full entropy, so it needs no slow hash. */
export function hashTokenSecret(secret: string): string {
  return sha256Hex(secret);
}

/** Whether a secret is the one that was hashed, in constant time. */
export function isTokenSecret(secret: string, hash: string): boolean {
  const presented = Buffer.from(hashTokenSecret(secret));
  const expected = Buffer.from(hash);
  return presented.byteLength === expected.byteLength && timingSafeEqual(presented, expected);
}

export function formatToken({ tokenId, secret, caPin }: JoinToken): string {
  return `${PREFIX}.${tokenId}.${secret}.${caPin}`;
}

/** Reads a token as a person pasted it; `TOKEN_INVALID`. The details never hold the secret. */
export function parseToken(text: string): JoinToken {
  const [prefix, tokenId = "", secret = "", caPin = "", ...rest] = text.trim().split(".", 6);
  if (prefix !== PREFIX || rest.length > 0) {
    throw new MusterError("TOKEN_INVALID", { problem: "does not have the form muster1.<id>.<secret>.<pin>" });
  }
  parse.decode(idDecoder, tokenId, "TOKEN_INVALID");
  if (!THIRTY_TWO_BYTES.test(secret))
    throw new MusterError("TOKEN_INVALID", { problem: "its secret is cut off" });
  if (!THIRTY_TWO_BYTES.test(caPin))
    throw new MusterError("TOKEN_INVALID", { problem: "its pin is cut off" });
  return { tokenId, secret, caPin };
}
