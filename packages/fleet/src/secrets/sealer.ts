import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { MusterError } from "@muster/core";

/** Seals secrets that the server has to read again, so that a copy of the database alone tells nothing. */
export interface Sealer {
  /** `context` says what the secret belongs to, such as `source/acme`; it opens there only. */
  seal(secret: string, context: string): string;
  /** Throws `SECRET_UNREADABLE`. */
  open(sealed: string, context: string): string;
}

/** Length of a sealer's key. */
export const SEALER_KEY_BYTES = 32;
const CIPHER = "aes-256-gcm";
/** NIST SP 800-38D §8.2.2; a server seals far fewer secrets than would make two random ones meet. */
const IV_BYTES = 12;
const TAG_BYTES = 16;
const FORM = /^1\.([A-Za-z0-9_-]+)$/;

/** A sealer with AES-256-GCM. What it makes is text: `1.` and initialization vector, tag and content in base64url. */
export function createSealer(key: Uint8Array): Sealer {
  if (key.byteLength !== SEALER_KEY_BYTES) throw unreadable("the key does not have 32 bytes");
  return {
    seal: (secret, context) => {
      const iv = randomBytes(IV_BYTES);
      const cipher = createCipheriv(CIPHER, key, iv).setAAD(Buffer.from(context));
      const content = Buffer.concat([cipher.update(secret, "utf8"), cipher.final()]);
      return `1.${Buffer.concat([iv, cipher.getAuthTag(), content]).toString("base64url")}`;
    },
    open: (sealed, context) => {
      const bytes = Buffer.from(FORM.exec(sealed)?.[1] ?? "", "base64url");
      if (bytes.length < IV_BYTES + TAG_BYTES)
        throw unreadable("it does not have the form of a sealed secret");
      const tag = bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES);
      const decipher = createDecipheriv(CIPHER, key, bytes.subarray(0, IV_BYTES), {
        authTagLength: TAG_BYTES,
      })
        .setAAD(Buffer.from(context))
        .setAuthTag(tag);
      try {
        const content = decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES));
        return Buffer.concat([content, decipher.final()]).toString("utf8");
      } catch (cause) {
        throw unreadable("it was sealed with another key, or for something else", cause);
      }
    },
  };
}

function unreadable(problem: string, cause?: unknown): MusterError {
  return new MusterError("SECRET_UNREADABLE", { problem }, { cause });
}
