import type { Hash } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import { MusterError } from "@muster/core";
import type { ObjectContent } from "../../ports.ts";
import { createProgressTeller } from "./progress-teller.ts";
import { writeAt, writing } from "./store-files.ts";

/** A file that content is written to, and what is in it. */
export interface Draft {
  readonly file: FileHandle;
  /** Of its first `bytes`. */
  readonly hash: Hash;
  readonly bytes: number;
}

/** Writes the rest of a content behind what the draft holds; gives the size. Throws `MIRROR_TOO_LARGE`, `FILE_NOT_WRITABLE`. */
export async function takeContent(
  { file, hash, bytes }: Draft,
  { sha256, sizeBytes, onProgress }: ObjectContent,
  source: AsyncIterable<Uint8Array>,
): Promise<number> {
  const progress = createProgressTeller(onProgress);
  let stored = bytes;
  try {
    for await (const chunk of source) {
      const position = stored;
      if (position + chunk.byteLength > sizeBytes) {
        throw new MusterError("MIRROR_TOO_LARGE", { expectedBytes: sizeBytes });
      }
      hash.update(chunk);
      await writing(sha256, () => writeAt(file, chunk, position));
      stored += chunk.byteLength;
      progress.note(stored);
    }
    return stored;
  } finally {
    progress.end();
  }
}

/** Throws `ARTIFACT_SIZE_MISMATCH` or `ARTIFACT_DIGEST_MISMATCH` unless the draft is the content. */
export function requireContent({ hash, bytes }: Pick<Draft, "hash" | "bytes">, content: ObjectContent): void {
  const { sha256, sizeBytes, onProgress } = content;
  if (bytes !== sizeBytes) {
    throw new MusterError("ARTIFACT_SIZE_MISMATCH", { expectedBytes: sizeBytes, actualBytes: bytes });
  }
  const actual = hash.digest("hex");
  if (actual !== sha256) throw new MusterError("ARTIFACT_DIGEST_MISMATCH", { expected: sha256, actual });
  onProgress?.(bytes);
}
