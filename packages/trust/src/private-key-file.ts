import { Buffer } from "node:buffer";
import { createCipheriv, createPrivateKey, randomBytes, scryptSync, type KeyObject } from "node:crypto";
import { MusterError } from "@muster/core";
import { der } from "./der.ts";

/** Work of guessing one passphrase; OpenSSL's own limit on memory for key files allows no larger N. */
const SCRYPT = { N: 16_384, r: 8, p: 5 } as const;

/**
 * The content of a private key file: PKCS #8 PEM, encrypted if a passphrase is given. `openssl pkey` reads both.
 * Node encrypts key files with 2,048 rounds of PBKDF2, which is little, so the encryption is made here: scrypt and
 * AES-256-CBC (RFC 8018 §6.2, RFC 7914 §7).
 */
export function encodePrivateKey(key: KeyObject, passphrase?: string): string {
  if (passphrase === undefined) return key.export({ type: "pkcs8", format: "pem" }).toString();
  const salt = randomBytes(16);
  const iv = randomBytes(16);
  const cipher = createCipheriv("aes-256-cbc", scryptSync(passphrase, salt, 32, SCRYPT), iv);
  const plain = key.export({ type: "pkcs8", format: "der" });
  const encrypted = Buffer.concat([cipher.update(plain), cipher.final()]);
  plain.fill(0);
  const kdf = der.sequence(
    der.oid("1.3.6.1.4.1.11591.4.11"),
    der.sequence(der.octets(salt), der.integer(SCRYPT.N), der.integer(SCRYPT.r), der.integer(SCRYPT.p)),
  );
  const encryption = der.sequence(der.oid("2.16.840.1.101.3.4.1.42"), der.octets(iv));
  const pbes2 = der.sequence(der.oid("1.2.840.113549.1.5.13"), der.sequence(kdf, encryption));
  return pem("ENCRYPTED PRIVATE KEY", der.sequence(pbes2, der.octets(encrypted)));
}

/** Whether a private key file asks for a passphrase. */
export function isEncryptedPrivateKey(text: string): boolean {
  return text.includes("-----BEGIN ENCRYPTED PRIVATE KEY-----");
}

/** Reads a private key file. `KEY_INVALID` if it is none, is not Ed25519, or the passphrase is missing or wrong. */
export function parsePrivateKey(text: string, passphrase?: string): KeyObject {
  const encrypted = isEncryptedPrivateKey(text);
  if (encrypted && passphrase === undefined) {
    throw new MusterError("KEY_INVALID", { problem: "it is encrypted and no passphrase was given" });
  }
  const key = readKey(text, encrypted ? passphrase : undefined);
  if (key.asymmetricKeyType !== "ed25519") {
    throw new MusterError("KEY_INVALID", { problem: `is ${key.asymmetricKeyType ?? "secret"}, not ed25519` });
  }
  return key;
}

function readKey(text: string, passphrase: string | undefined): KeyObject {
  try {
    return createPrivateKey({ key: text, format: "pem", ...(passphrase !== undefined && { passphrase }) });
  } catch (cause) {
    const problem =
      passphrase === undefined
        ? "it is not a private key file"
        : "the passphrase is wrong or the file damaged";
    throw new MusterError("KEY_INVALID", { problem }, { cause });
  }
}

function pem(label: string, bytes: Uint8Array): string {
  const lines = Buffer.from(bytes)
    .toString("base64")
    .match(/.{1,64}/g);
  return `-----BEGIN ${label}-----\n${(lines ?? []).join("\n")}\n-----END ${label}-----\n`;
}
