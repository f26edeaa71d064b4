import { Buffer } from "node:buffer";
import { view } from "./bytes.ts";

/**
 * A writer of the few DER values that Muster makes itself (X.690 §8, §10). It only writes: nothing from outside is
 * parsed here.
 */
export const der = {
  sequence: (...parts: readonly Uint8Array[]) => element(0x30, Buffer.concat(parts)),
  /** A context-specific, constructed tag, e.g. `[0]`. */
  context: (tag: number, ...parts: readonly Uint8Array[]) => element(0xa0 | tag, Buffer.concat(parts)),
  octets: (bytes: Uint8Array) => element(0x04, bytes),
  /** A bit string of whole bytes. */
  bits: (bytes: Uint8Array) => element(0x03, Buffer.concat([Buffer.of(0), view(bytes)])),
  /** A non-negative integer below 2^31. */
  integer: (value: number) => element(0x02, unsigned(value)),
  /** An object identifier in dotted form. */
  oid: (dotted: string) => element(0x06, oidBytes(dotted)),
} as const;

function element(tag: number, content: Uint8Array): Buffer {
  const size = content.byteLength;
  const length = size < 0x80 ? Buffer.of(size) : longLength(size);
  return Buffer.concat([Buffer.of(tag), length, view(content)]);
}

function longLength(size: number): Buffer {
  const digits = base256(size);
  return Buffer.from([0x80 | digits.length, ...digits]);
}

function unsigned(value: number): Buffer {
  const digits = base256(value);
  // A leading one bit would make it negative.
  return Buffer.from((digits[0] ?? 0) >= 0x80 ? [0, ...digits] : digits);
}

function base256(value: number): number[] {
  return value < 0x100 ? [value] : [...base256(Math.floor(value / 0x100)), value % 0x100];
}

function oidBytes(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  return Buffer.from([40 * first + second, ...rest.flatMap(base128)]);
}

function base128(value: number): number[] {
  const digits = [value % 0x80];
  for (let left = Math.floor(value / 0x80); left > 0; left = Math.floor(left / 0x80)) {
    digits.unshift(0x80 | (left % 0x80));
  }
  return digits;
}
