import { createReadStream } from "node:fs";

const CHUNK_BYTES = 262_144;

/**
 * A file's bytes as the body of a request, telling how many were taken. May be canceled at any moment, as happens when a
 * server refuses the rest; `Readable.toWeb` of Node 24 then throws where nobody can catch it.
 */
export function uploadBody(path: string, onSent: (sentBytes: number) => void): ReadableStream<Uint8Array> {
  return ReadableStream.from(chunksOf(path, onSent));
}

async function* chunksOf(path: string, onSent: (sentBytes: number) => void): AsyncGenerator<Uint8Array> {
  let sent = 0;
  const chunks = createReadStream(path, { highWaterMark: CHUNK_BYTES }) as AsyncIterable<Buffer>;
  for await (const chunk of chunks) {
    yield new Uint8Array(chunk);
    onSent((sent += chunk.byteLength));
  }
}
