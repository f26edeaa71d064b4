import { MusterError } from "@muster/core";

/** Length-Prefixed-Message of gRPC over HTTP/2: a flag for compression, then the length. */
const PREFIX_BYTES = 5;

/** A message as it goes over the wire, uncompressed. */
export function frameOf(message: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(PREFIX_BYTES + message.byteLength);
  frame.writeUInt8(0, 0);
  frame.writeUInt32BE(message.byteLength, 1);
  frame.set(message, PREFIX_BYTES);
  return frame;
}

/**
 * Takes what comes over the wire, in pieces of any size, and hands on each message as soon as it is whole. Throws
 * `AGENT_MESSAGE_INVALID` for one that is compressed, which was not asked for, or over `maxBytes`.
 */
export function createFrameReader(
  maxBytes: number,
  received: (message: Buffer) => void,
): (piece: Uint8Array) => void {
  let pieces: Uint8Array[] = [];
  let size = 0;
  let needed = PREFIX_BYTES;
  return (piece) => {
    pieces.push(piece);
    size += piece.byteLength;
    if (size < needed) return;
    let rest = Buffer.concat(pieces);
    for (;;) {
      needed = PREFIX_BYTES;
      if (rest.byteLength < needed) break;
      needed += lengthIn(rest, maxBytes);
      if (rest.byteLength < needed) break;
      const message = rest.subarray(PREFIX_BYTES, needed);
      rest = rest.subarray(needed);
      received(message);
    }
    pieces = [rest];
    size = rest.byteLength;
  };
}

function lengthIn(prefix: Buffer, maxBytes: number): number {
  if (prefix.readUInt8(0) !== 0) {
    throw new MusterError("AGENT_MESSAGE_INVALID", { field: "(root)", problem: "is compressed" });
  }
  const length = prefix.readUInt32BE(1);
  if (length > maxBytes) {
    throw new MusterError("AGENT_MESSAGE_INVALID", { field: "(root)", problem: `is over ${maxBytes} bytes` });
  }
  return length;
}
