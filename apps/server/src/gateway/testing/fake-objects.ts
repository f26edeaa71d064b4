import { createHash } from "node:crypto";
import { MusterError } from "@muster/core";
import type { ObjectStore } from "@muster/fleet";

export interface FakeObjects extends ObjectStore {
  /** Stores content; returns its digest. */
  keep(content: Buffer): string;
  /** Where each `open` began. */
  readonly opened: number[];
  /** The next `open` breaks off after so many bytes. */
  breakAfter: number | null;
}

/** An object store in memory whose streams can break off. */
export function createFakeObjects(): FakeObjects {
  const objects = new Map<string, Buffer>();
  const store: FakeObjects = {
    opened: [],
    breakAfter: null,
    keep: (content) => {
      const sha256 = createHash("sha256").update(content).digest("hex");
      objects.set(sha256, content);
      return sha256;
    },
    has: async (sha256) => objects.has(sha256),
    put: async () => {
      throw new MusterError("FILE_NOT_WRITABLE");
    },
    putResumable: async () => {
      throw new MusterError("FILE_NOT_WRITABLE");
    },
    open: async (sha256, fromByte) => {
      const content = objects.get(sha256);
      if (!content) throw new MusterError("OBJECT_NOT_FOUND", { sha256 });
      store.opened.push(fromByte);
      const cut = store.breakAfter;
      store.breakAfter = null;
      return { size: content.length, content: piecesOf(content.subarray(fromByte), cut) };
    },
  };
  return store;
}

async function* piecesOf(content: Buffer, breakAfter: number | null) {
  const end = breakAfter ?? content.length;
  for (let at = 0; at < end; at += 16_384) yield content.subarray(at, Math.min(end, at + 16_384));
  if (breakAfter !== null) throw new Error("the disk broke");
}
