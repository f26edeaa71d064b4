import { createHash } from "node:crypto";
import { MusterError } from "@muster/core";
import type { ObjectContent, ObjectStore, OpenContent, ResumePoint } from "../ports.ts";

const PIECE_BYTES = 16_384;

/** An object store that forgets everything with the process. Keeps the port's whole contract. */
export function createMemoryObjectStore(): ObjectStore {
  const objects = new Map<string, Buffer>();
  const partials = new Map<string, { readonly bytes: Buffer; readonly validator: string | null }>();
  let turn: Promise<unknown> = Promise.resolve();

  const store = (content: ObjectContent, bytes: Buffer) => {
    requireContent(content, bytes);
    content.onProgress?.(bytes.length);
    objects.set(content.sha256, bytes);
  };
  const resume = async (
    content: ObjectContent,
    openContent: OpenContent,
    isSecond = false,
  ): Promise<void> => {
    const { sha256 } = content;
    if (objects.has(sha256)) return content.onProgress?.(content.sizeBytes);
    const kept = partials.get(sha256);
    const from: ResumePoint | null = kept ? { byte: kept.bytes.length, validator: kept.validator } : null;
    const opened = await openContent(from);
    const chunks = kept && opened.startsAt > 0 ? [kept.bytes] : [];
    content.onProgress?.(opened.startsAt);
    try {
      for await (const chunk of limited(content, opened.content, opened.startsAt))
        chunks.push(Buffer.from(chunk));
      store(content, Buffer.concat(chunks));
      partials.delete(sha256);
    } catch (error) {
      partials.delete(sha256);
      if (!isWrong(error)) {
        const bytes = Buffer.concat(chunks);
        if (bytes.length > 0) partials.set(sha256, { bytes, validator: opened.validator });
        throw error;
      }
      if (!kept || isSecond) throw error;
      await resume(content, openContent, true);
    } finally {
      await opened.close();
    }
  };

  return {
    has: async (sha256) => objects.has(sha256),
    put: async (content, source) => {
      const chunks: Uint8Array[] = [];
      for await (const chunk of limited(content, source, 0)) chunks.push(chunk);
      store(content, Buffer.concat(chunks));
    },
    putResumable: async (content, openContent) => {
      const mine = turn.then(
        () => resume(content, openContent),
        () => resume(content, openContent),
      );
      turn = mine;
      await mine;
    },
    open: async (sha256, fromByte) => {
      const content = objects.get(sha256);
      if (!content) throw new MusterError("OBJECT_NOT_FOUND", { sha256 });
      return { size: content.length, content: pieces(content.subarray(fromByte)) };
    },
  };
}

/** In memory that is used again, as a real store's may be: whoever keeps a piece notices. */
async function* pieces(content: Buffer): AsyncGenerator<Uint8Array> {
  const memory = Buffer.alloc(PIECE_BYTES);
  for (let at = 0; at < content.length; at += PIECE_BYTES) {
    yield memory.subarray(0, content.copy(memory, 0, at, at + PIECE_BYTES));
  }
}

async function* limited(
  { sizeBytes }: ObjectContent,
  source: AsyncIterable<Uint8Array>,
  startsAt: number,
): AsyncGenerator<Uint8Array> {
  let stored = startsAt;
  for await (const chunk of source) {
    stored += chunk.byteLength;
    if (stored > sizeBytes) throw new MusterError("MIRROR_TOO_LARGE", { expectedBytes: sizeBytes });
    yield chunk;
  }
}

function requireContent({ sha256, sizeBytes }: ObjectContent, bytes: Buffer): void {
  if (bytes.length !== sizeBytes) {
    throw new MusterError("ARTIFACT_SIZE_MISMATCH", { expectedBytes: sizeBytes, actualBytes: bytes.length });
  }
  const actual = createHash("sha256").update(bytes).digest("hex");
  if (actual !== sha256) throw new MusterError("ARTIFACT_DIGEST_MISMATCH", { expected: sha256, actual });
}

function isWrong(error: unknown): boolean {
  const codes = ["ARTIFACT_SIZE_MISMATCH", "ARTIFACT_DIGEST_MISMATCH", "MIRROR_TOO_LARGE"];
  return error instanceof MusterError && codes.includes(error.code);
}
