import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { MusterError } from "@muster/core";
import type { ObjectStore } from "../ports.ts";

/** An object store that forgets everything with the process. Keeps the port's whole contract. */
export function createMemoryObjectStore(): ObjectStore {
  const objects = new Map<string, Buffer>();
  return {
    has: async (sha256) => objects.has(sha256),
    put: async ({ sha256, sizeBytes, onProgress }, source) => {
      const chunks: Uint8Array[] = [];
      let stored = 0;
      for await (const chunk of source) {
        stored += chunk.byteLength;
        if (stored > sizeBytes) throw new MusterError("MIRROR_TOO_LARGE", { expectedBytes: sizeBytes });
        chunks.push(chunk);
      }
      if (stored !== sizeBytes) {
        throw new MusterError("ARTIFACT_SIZE_MISMATCH", { expectedBytes: sizeBytes, actualBytes: stored });
      }
      const content = Buffer.concat(chunks);
      const actual = createHash("sha256").update(content).digest("hex");
      if (actual !== sha256) throw new MusterError("ARTIFACT_DIGEST_MISMATCH", { expected: sha256, actual });
      onProgress?.(stored);
      objects.set(sha256, content);
    },
    open: async (sha256, fromByte) => {
      const content = objects.get(sha256);
      if (!content) throw new MusterError("OBJECT_NOT_FOUND", { sha256 });
      return { size: content.length, stream: Readable.from([content.subarray(fromByte)]) };
    },
  };
}
