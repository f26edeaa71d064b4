import { Buffer } from "node:buffer";
import { MusterError, parse, type Decoder, type ErrorCode } from "@muster/core";

/** Reads one of this package's small JSON files; anything wrong with it gets `code`. */
export function readJsonFile<T>(decoder: Decoder<T>, bytes: Uint8Array, code: ErrorCode): T {
  if (bytes.byteLength > JSON_FILE_MAX_BYTES) {
    throw new MusterError(code, { field: "(root)", problem: `is over ${JSON_FILE_MAX_BYTES} bytes` });
  }
  return parse.decodeJson(decoder, utf8(bytes, code), code);
}

/** The bytes of a small JSON file, readable by people. */
export function writeJsonFile(value: object): Uint8Array {
  return new Uint8Array(Buffer.from(`${JSON.stringify(value, null, 2)}\n`));
}

export const JSON_FILE_MAX_BYTES = 65_536;

function utf8(bytes: Uint8Array, code: ErrorCode): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new MusterError(code, { field: "(root)", problem: "is not UTF-8" }, { cause });
  }
}
