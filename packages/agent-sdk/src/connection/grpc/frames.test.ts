import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createFrameReader, frameOf } from "./frames.ts";

const MAX_BYTES = 1000;

function read(pieces: readonly Uint8Array[]): readonly string[] {
  const messages: string[] = [];
  const reader = createFrameReader(MAX_BYTES, (message) => messages.push(message.toString("hex")));
  for (const piece of pieces) reader(piece);
  return messages;
}

describe("frames", () => {
  test("messages come out as they went in, however the wire cuts them", () => {
    const message = fc.uint8Array({ maxLength: 40 });
    fc.assert(
      fc.property(fc.array(message, { maxLength: 8 }), fc.array(fc.nat()), (messages, cuts) => {
        const wire = Buffer.concat(messages.map(frameOf));
        const ends = [...cuts.map((cut) => cut % (wire.length + 1)), wire.length].toSorted((a, b) => a - b);
        const pieces = ends.map((end, index) => wire.subarray(ends[index - 1] ?? 0, end));
        expect(read(pieces)).toEqual(messages.map((bytes) => Buffer.from(bytes).toString("hex")));
      }),
    );
  });

  test("a message is handed on when it is whole, and not before", () => {
    const wire = frameOf(Buffer.from("hello"));
    expect(read([wire.subarray(0, -1)])).toEqual([]);
    expect(read([wire])).toHaveLength(1);
  });

  test("one that is compressed, and one that is too long, are refused at their first bytes", () => {
    for (const prefix of ["0100000001", "00000003e9", "00ffffffff"]) {
      expect(() => read([Buffer.from(prefix, "hex")])).toThrow(
        expect.objectContaining({ code: "AGENT_MESSAGE_INVALID" }),
      );
    }
    expect(read([frameOf(Buffer.alloc(MAX_BYTES))])).toHaveLength(1);
  });
});
