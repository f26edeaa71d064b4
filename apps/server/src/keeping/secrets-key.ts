import { randomBytes } from "node:crypto";
import { SEALER_KEY_BYTES } from "@muster/fleet";
import { keepFile } from "./kept-file.ts";

/**
 * The key that secrets in the database are sealed with; made at the first start. Without it they have to be set again, so
 * a backup of the database needs it too. Throws `FILE_NOT_READABLE`, `FILE_NOT_WRITABLE`.
 */
export function keepSecretsKey(path: string): Promise<Uint8Array> {
  return keepFile(path, {
    make: () => `${randomBytes(SEALER_KEY_BYTES).toString("base64")}\n`,
    read: (text) => {
      const key = Buffer.from(text, "base64");
      if (key.length !== SEALER_KEY_BYTES) throw new Error("is not a key of 32 bytes in base64");
      return key;
    },
  });
}
