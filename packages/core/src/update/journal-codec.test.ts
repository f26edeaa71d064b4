import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MusterError } from "../errors.ts";
import { journalArbitrary } from "../testing/host-arbitraries.ts";
import { crc32 } from "../parse/crc32.ts";
import { NEW_JOURNAL } from "./journal.ts";
import { decodeJournal, encodeJournal, JOURNAL_MAX_BYTES, readGenerations } from "./journal-codec.ts";

const written = encodeJournal(NEW_JOURNAL);

/** The text again after reading it, or the code it was refused with. */
function reread(text: string): string {
  try {
    return encodeJournal(decodeJournal(text));
  } catch (error) {
    if (error instanceof MusterError) return error.code;
    throw error;
  }
}

test("what was written is what is read", () => {
  fc.assert(
    fc.property(journalArbitrary, (journal) => {
      const text = encodeJournal(journal);
      expect(text.length).toBeLessThan(JOURNAL_MAX_BYTES);
      expect(decodeJournal(text)).toEqual(journal);
    }),
  );
});

test("one changed character anywhere is noticed", () => {
  fc.assert(
    fc.property(journalArbitrary, fc.nat(), fc.integer({ min: 1, max: 126 }), (journal, where, change) => {
      const text = encodeJournal(journal);
      const at = where % text.length;
      const damaged = `${text.slice(0, at)}${String.fromCharCode(text.charCodeAt(at) ^ change)}${text.slice(at + 1)}`;
      expect(() => decodeJournal(damaged)).toThrow(expect.objectContaining({ code: "HOST_STATE_CORRUPT" }));
    }),
  );
});

test("a journal cut off anywhere is noticed", () => {
  for (let length = 0; length < written.length; length += 1) {
    expect(() => decodeJournal(written.slice(0, length))).toThrow(MusterError);
  }
});

test("any text either is a journal or is HOST_STATE_CORRUPT", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.json(),
        fc.string().map((text) => `${written}${text}`),
      ),
      (text) => {
        expect(reread(text)).toBeOneOf([text, "HOST_STATE_CORRUPT"]);
      },
    ),
  );
});

describe("of two generations", () => {
  const older = { ...NEW_JOURNAL, generation: 7 };
  const newer = { ...NEW_JOURNAL, generation: 8 };

  test.for([
    ["neither is there", null, null, { kind: "absent" }],
    ["only one is there", encodeJournal(older), null, { kind: "read", journal: older, slot: "a" }],
    [
      "the first is newer",
      encodeJournal(newer),
      encodeJournal(older),
      { kind: "read", journal: newer, slot: "a" },
    ],
    [
      "the second is newer",
      encodeJournal(older),
      encodeJournal(newer),
      { kind: "read", journal: newer, slot: "b" },
    ],
    [
      "the newer is torn",
      encodeJournal(older),
      encodeJournal(newer).slice(0, -5),
      { kind: "read", journal: older, slot: "a" },
    ],
    ["the other one is empty", "", encodeJournal(newer), { kind: "read", journal: newer, slot: "b" }],
    ["both are damaged", "x", "", { kind: "corrupt" }],
    ["the only one is damaged", null, "garbage", { kind: "corrupt" }],
  ] as const)("%s", ([, a, b, expected]) => {
    expect(readGenerations({ a, b })).toEqual(expected);
  });

  test("it never throws, whatever the files hold", () => {
    fc.assert(
      fc.property(fc.option(fc.string(), { nil: null }), fc.option(fc.string(), { nil: null }), (a, b) => {
        expect(["absent", "corrupt"]).toContain(readGenerations({ a, b }).kind);
      }),
    );
  });
});

test("a journal that an older updater wrote is read", () => {
  const { recovery: _, ...older } = NEW_JOURNAL;
  const body = JSON.stringify(older);
  const sum = crc32(new TextEncoder().encode(body)).toString(16).padStart(8, "0");
  expect(decodeJournal(`${sum} ${body}\n`)).toEqual(NEW_JOURNAL);
});
