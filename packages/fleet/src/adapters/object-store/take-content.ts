import type { Hash } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import { MusterError } from "@muster/core";
import type { ObjectContent } from "../../ports.ts";
import { writeAt, writing } from "./store-files.ts";

const PROGRESS_INTERVAL_MS = 250;

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
  let stored = bytes;
  let toldAt = performance.now();
  for await (const chunk of source) {
    const position = stored;
    stored += chunk.byteLength;
    if (stored > sizeBytes) throw new MusterError("MIRROR_TOO_LARGE", { expectedBytes: sizeBytes });
    hash.update(chunk);
    await writing(sha256, () => writeAt(file, chunk, position));
    if (onProgress && performance.now() - toldAt >= PROGRESS_INTERVAL_MS) {
      toldAt = performance.now();
      onProgress(stored);
    }
  }
  return stored;
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
