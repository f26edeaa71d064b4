import { MusterError, parse, type Decoder, type ErrorCode } from "@muster/core";

/** Reads protobuf bytes, then holds every field against its limits. Both kinds of problem get the same code. */
export function readMessage<T>(
  received: Uint8Array,
  message: { decode(input: Uint8Array): unknown },
  decoder: Decoder<T>,
  code: ErrorCode = "AGENT_MESSAGE_INVALID",
): T {
  let wire: unknown;
  try {
    wire = message.decode(received);
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : "cannot be read";
    throw new MusterError(code, { field: "(root)", problem }, { cause });
  }
  return parse.decode(decoder, wire, code);
}

/** Bytes of a limited length. */
export function bytes(rules: { readonly min?: number; readonly max: number }): Decoder<Uint8Array> {
  const { min = 0, max } = rules;
  return (value, path) => {
    if (!(value instanceof Uint8Array)) parse.reject(path, "must be bytes");
    if (value.byteLength < min || value.byteLength > max) {
      parse.reject(path, `must have between ${min} and ${max} bytes`);
    }
    return value;
  };
}

/** proto3 has no null: an empty string stands for it. */
export function emptyAsNull<T>(decoder: Decoder<T>): Decoder<T | null> {
  return (value, path) => (value === "" ? null : decoder(value, path));
}

/** protobuf-js needs Node's own kind of bytes; shares the memory. */
export function buffer(value: Uint8Array): Buffer {
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
}
