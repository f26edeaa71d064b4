import fc from "fast-check";
import { expect, test } from "vitest";
import { parseRange } from "./range.ts";

test.each([
  [undefined, { kind: "whole" }],
  ["", { kind: "whole" }],
  ["bytes=0-", { kind: "from", fromByte: 0 }],
  ["bytes=99-", { kind: "from", fromByte: 99 }],
  ["bytes=100-", { kind: "unsatisfiable" }],
  ["bytes=0-5", { kind: "whole" }],
  ["bytes=-5", { kind: "whole" }],
  ["bytes=1-,5-", { kind: "whole" }],
  ["items=0-", { kind: "whole" }],
  [`bytes=${"9".repeat(40)}-`, { kind: "whole" }],
])("%j of 100 bytes -> %o", (header, expected) => {
  expect(parseRange(header, 100)).toEqual(expected);
});

test("any header leads inside the content or nowhere", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.nat().map((n) => `bytes=${n}-`),
      ),
      fc.nat(),
      (header, size) => {
        const range = parseRange(header, size);
        return range.kind !== "from" || range.fromByte < size;
      },
    ),
  );
});
