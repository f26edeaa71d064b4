import { createHash, randomUUID } from "node:crypto";
import { mkdir, open, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { MusterError } from "@muster/core";
import type { ObjectContent, ObjectStore } from "../../ports.ts";
import { createPieceReader } from "./piece-reader.ts";
import { createPartials, sweepIncoming } from "./partials.ts";
import { type Folders, publishFile, syncFolder, writing } from "./store-files.ts";
import { requireContent, takeContent } from "./take-content.ts";

const SHA256 = /^[0-9a-f]{64}$/;

/**
 * A content-addressed folder: `sha256/ab/abcdef…`. Content is written to `incoming/`, synced, and renamed when it is
 * right, so a kill leaves the object whole or absent. Opening sweeps what a kill left in `incoming/`, but for what can be
 * gone on with; only one process may have the folder open. Throws `FILE_NOT_WRITABLE`.
 */
export async function openFolderObjectStore(root: string): Promise<ObjectStore> {
  const folders: Folders = { objects: join(root, "sha256"), incoming: join(root, "incoming") };
  await writing(root, async () => {
    await mkdir(folders.incoming, { recursive: true, mode: 0o700 });
    await sweepIncoming(folders.incoming);
    await mkdir(folders.objects, { recursive: true, mode: 0o700 });
    await syncFolder(root);
  });
  const partials = createPartials(folders);
  const readPieces = createPieceReader();
  const has = async (sha256: string) => (await sizeOf(pathOf(folders, sha256))) !== null;
  return {
    has,
    put: (content, source) => putObject(folders, content, source),
    putResumable: async (content, openContent) => {
      const target = requirePath(folders, content.sha256);
      await partials.inTurn(content.sha256, async () => {
        if (await has(content.sha256)) content.onProgress?.(content.sizeBytes);
        else await partials.complete(target, content, openContent);
      });
    },
    open: async (sha256, fromByte) => {
      const path = pathOf(folders, sha256);
      const size = await sizeOf(path);
      if (path === null || size === null) throw new MusterError("OBJECT_NOT_FOUND", { sha256 });
      return { size, content: readPieces(path, fromByte) };
    },
  };
}

/** Where an object is; null for what is no digest, so that a name from outside never becomes a path. */
function pathOf({ objects }: Folders, sha256: string): string | null {
  return SHA256.test(sha256) ? join(objects, sha256.slice(0, 2), sha256) : null;
}

function requirePath(folders: Folders, sha256: string): string {
  const path = pathOf(folders, sha256);
  if (path === null) throw new MusterError("ARTIFACT_DIGEST_MISMATCH", { expected: sha256 });
  return path;
}

async function sizeOf(path: string | null): Promise<number | null> {
  if (path === null) return null;
  const found = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "ENOENT") return null;
    throw new MusterError("STORE_UNAVAILABLE", { problem: cause.message }, { cause });
  });
  return found?.isFile() ? found.size : null;
}

async function putObject(
  folders: Folders,
  content: ObjectContent,
  source: AsyncIterable<Uint8Array>,
): Promise<void> {
  const target = requirePath(folders, content.sha256);
  const draft = join(folders.incoming, randomUUID());
  try {
    const file = await writing(draft, () => open(draft, "wx", 0o600));
    try {
      const hash = createHash("sha256");
      const bytes = await takeContent({ file, hash, bytes: 0 }, content, source);
      requireContent({ hash, bytes }, content);
      await writing(draft, () => file.sync());
    } finally {
      await file.close();
    }
    await publishFile(draft, target, folders);
  } finally {
    await rm(draft, { force: true });
  }
}
