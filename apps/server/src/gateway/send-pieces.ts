import type { ServerResponse } from "node:http";
import { asMusterError, MusterError } from "@muster/core";
import type { DownloadPace } from "./download-pace.ts";
import type { GatewayLog } from "./ports.ts";

/**
 * Sends an answer's content and ends it. A piece has left its memory before the next one is asked for. Throws
 * `SERVER_UNREACHABLE` when the connection closes first, also while the next piece does not come, and what reading throws.
 */
export async function sendPieces(
  content: AsyncIterable<Uint8Array>,
  response: ServerResponse,
  { log, pace }: { readonly log: GatewayLog; readonly pace: DownloadPace },
): Promise<void> {
  let giveUp: ((reason: MusterError) => void) | null = null;
  const closed = () => giveUp?.(new MusterError("SERVER_UNREACHABLE", { problem: "the connection closed" }));
  response.once("close", closed);
  const unlessClosed = <T>(begin: (resolve: (value: T) => void, reject: (reason: unknown) => void) => void) =>
    new Promise<T>((resolve, reject) => {
      giveUp = reject;
      if (response.destroyed) closed();
      else begin(resolve, reject);
    });

  const pieces = content[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await unlessClosed<IteratorResult<Uint8Array, unknown>>((resolve, reject) => {
        pieces.next().then(resolve, reject);
      });
      if (next.done === true) break;
      let giveUpTurn: (() => void) | null = null;
      await unlessClosed<void>((resolve) => {
        giveUpTurn = pace.next(next.value.byteLength, resolve);
      }).finally(() => giveUpTurn?.());
      await unlessClosed<void>((resolve, reject) => {
        response.write(next.value, (error) => (error ? reject(error) : resolve()));
      });
    }
    await unlessClosed<void>((resolve) => response.end(resolve));
  } finally {
    // Not waited for: a piece that does not come keeps it from ending.
    pieces.return?.().catch((error: unknown) => {
      log.info({ problem: asMusterError(error).message }, "an archive could not be closed");
    });
  }
}
