import { argon2, randomBytes, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";
import { MusterError } from "@muster/core";
import type { PasswordHasher } from "../people/ports.ts";

/** What one hash takes. */
export interface HashCost {
  readonly memoryKiB: number;
  readonly passes: number;
}

/** Above the least that is advised today (19 MiB, two passes); about 0.2 seconds of one core. */
export const HASH_COST: HashCost = { memoryKiB: 65_536, passes: 2 };

const TAG_BYTES = 32;
const SALT_BYTES = 16;
/** Hashes at once: each takes a core and its memory. */
const AT_ONCE = 2;
/** Callers that wait for one. */
const WAITING_MAX = 64;
const PHC = /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,2}),p=1\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{43})$/;

const deriveKey = promisify(argon2);

/** Argon2id (RFC 9106), kept in PHC's string form, so that the cost can rise later. */
export function createArgon2Hasher(cost: HashCost = HASH_COST): PasswordHasher {
  const turn = createTurns();
  const derive = (password: string, salt: Buffer, { memoryKiB, passes }: HashCost) =>
    turn(() =>
      deriveKey("argon2id", {
        message: Buffer.from(password),
        nonce: salt,
        memory: memoryKiB,
        passes,
        parallelism: 1,
        tagLength: TAG_BYTES,
      }),
    );
  return {
    hash: async (password) => {
      const salt = randomBytes(SALT_BYTES);
      const tag = await derive(password, salt, cost);
      return `$argon2id$v=19$m=${cost.memoryKiB},t=${cost.passes},p=1$${plainBase64(salt)}$${plainBase64(tag)}`;
    },
    verify: async (password, hash) => {
      const parts = PHC.exec(hash);
      if (!parts) return false;
      const [, memoryKiB, passes, salt = "", tag = ""] = parts;
      const own = { memoryKiB: Number(memoryKiB), passes: Number(passes) };
      const derived = await derive(password, Buffer.from(salt, "base64"), own);
      return timingSafeEqual(derived, Buffer.from(tag, "base64"));
    },
    isOutdated: (hash) => {
      const [, memoryKiB, passes] = PHC.exec(hash) ?? [];
      return Number(memoryKiB) < cost.memoryKiB || Number(passes) < cost.passes;
    },
  };
}

function plainBase64(bytes: Buffer): string {
  return bytes.toString("base64").replaceAll("=", "");
}

/** Lets few work at once, and turns away who would wait behind too many. */
function createTurns() {
  const waiting: (() => void)[] = [];
  let free = AT_ONCE;
  return async <T>(work: () => Promise<T>): Promise<T> => {
    if (free > 0) free -= 1;
    else if (waiting.length >= WAITING_MAX)
      throw new MusterError("SERVER_OVERLOADED", { waiting: waiting.length });
    else await new Promise<void>((resolve) => void waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else free += 1;
    }
  };
}
