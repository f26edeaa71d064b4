import { open } from "node:fs/promises";
import { MusterError } from "@muster/core";

const PIECE_BYTES = 65_536;
/** Memory that is kept for the next readers; more of them at once bring their own. */
const KEPT_PIECES = 64;

/**
 * Reads files piece by piece into memory that is used again. Thousands of downloads that each brought new memory for each
 * piece would leave a heap full of holes, which the process keeps. Reading throws `STORE_UNAVAILABLE`.
 */
export function createPieceReader(): (path: string, fromByte: number) => AsyncGenerator<Uint8Array> {
  const kept: Buffer[] = [];
  return async function* readPieces(path, fromByte) {
    const piece = kept.pop() ?? Buffer.allocUnsafeSlow(PIECE_BYTES);
    try {
      const file = await reading(() => open(path, "r"));
      try {
        for (let at = fromByte; ; ) {
          const from = at;
          const { bytesRead } = await reading(() => file.read(piece, 0, PIECE_BYTES, from));
          if (bytesRead === 0) return;
          yield piece.subarray(0, bytesRead);
          at += bytesRead;
        }
      } finally {
        await file.close();
      }
    } finally {
      if (kept.length < KEPT_PIECES) kept.push(piece);
    }
  };
}

async function reading<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause);
    throw new MusterError("STORE_UNAVAILABLE", { problem }, { cause });
  }
}
