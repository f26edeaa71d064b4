import { createHash } from "node:crypto";
import { type FileHandle, mkdir, open, readdir } from "node:fs/promises";
import { dirname } from "node:path";
import { MusterError } from "@muster/core";

const PIECE_BYTES = 1 << 20;

/** What was read. */
export interface Content {
  /** Bytes. */
  readonly size: number;
  readonly sha256: string;
}

/** Copies a file to a new one with mode 0600 that is on the disk when this resolves. Throws `FILE_NOT_READABLE`, `FILE_NOT_WRITABLE`. */
export async function copyHashed(from: string, to: string): Promise<Content> {
  await writing(to, () => mkdir(dirname(to), { recursive: true, mode: 0o700 }));
  const target = await writing(to, () => open(to, "wx", 0o600));
  try {
    const content = await readHashed(from, (piece) => writing(to, () => target.writeFile(piece)));
    await writing(to, () => target.sync());
    return content;
  } finally {
    await target.close();
  }
}

/** Reads a file to its end. Throws `FILE_NOT_READABLE`. */
export async function readHashed(
  path: string,
  take: (piece: Uint8Array) => Promise<void> = async () => undefined,
): Promise<Content> {
  const source = await reading(path, () => open(path, "r"));
  try {
    const hash = createHash("sha256");
    const buffer = Buffer.allocUnsafe(PIECE_BYTES);
    let size = 0;
    for (;;) {
      const bytesRead = await readPiece(path, source, buffer);
      if (bytesRead === 0) return { size, sha256: hash.digest("hex") };
      const piece = buffer.subarray(0, bytesRead);
      hash.update(piece);
      await take(piece);
      size += bytesRead;
    }
  } finally {
    await source.close();
  }
}

async function readPiece(path: string, source: FileHandle, buffer: Buffer): Promise<number> {
  const { bytesRead } = await reading(path, () => source.read(buffer, 0, buffer.length, null));
  return bytesRead;
}

/** Makes the entries of a folder and of all folders in it last. */
export async function syncFolders(path: string): Promise<void> {
  for (const entry of await readdir(path, { withFileTypes: true })) {
    if (entry.isDirectory()) await syncFolders(`${path}/${entry.name}`);
  }
  await syncFolder(path);
}

export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function reading<T>(path: string, read: () => Promise<T>): Promise<T> {
  return read().catch((cause: Error) => {
    throw new MusterError("FILE_NOT_READABLE", { path, problem: cause.message }, { cause });
  });
}

export function writing<T>(path: string, write: () => Promise<T>): Promise<T> {
  return write().catch((cause: Error) => {
    throw new MusterError("FILE_NOT_WRITABLE", { path, problem: cause.message }, { cause });
  });
}
