import { Buffer } from "node:buffer";
import { parse, type Decoder } from "@muster/core";

/** Bytes as padded base64 (RFC 4648 §4). */
export function toBase64(bytes: Uint8Array): string {
  return view(bytes).toString("base64");
}

/** Exactly `length` bytes in padded base64; any other spelling of the same bytes is refused. */
export function base64Decoder(length: number): Decoder<Uint8Array> {
  const text = parse.string({ max: 4 * Math.ceil(length / 3) });
  return (value, path) => {
    const encoded = text(value, path);
    const bytes = Buffer.from(encoded, "base64");
    if (bytes.byteLength !== length || bytes.toString("base64") !== encoded) {
      parse.reject(path, `must be the base64 of ${length} bytes`);
    }
    return new Uint8Array(bytes);
  };
}

/** A `Buffer` over the same memory. */
export function view(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
