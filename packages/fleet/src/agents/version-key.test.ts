import { compareVersions, isVersion } from "@muster/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { versionKey } from "./version-key.ts";

const number = fc.oneof(fc.nat({ max: 20 }), fc.nat({ max: Number.MAX_SAFE_INTEGER })).map(String);
const identifier = fc.oneof(number, fc.stringMatching(/^[0-9A-Za-z-]{1,4}$/));
const version = fc
  .tuple(number, number, number, fc.array(identifier, { maxLength: 3 }))
  .map(
    ([major, minor, patch, pre]) => `${major}.${minor}.${patch}${pre.length > 0 ? `-${pre.join(".")}` : ""}`,
  )
  .filter(isVersion);

test("keys sort as the versions do", () => {
  fc.assert(
    fc.property(version, version, (a, b) => {
      const [left, right] = [versionKey(a), versionKey(b)];
      const order = left === right ? 0 : left < right ? -1 : 1;
      expect(order).toBe(Math.sign(compareVersions(a, b)));
    }),
    { numRuns: 2000 },
  );
});

test("no version sorts before every version", () => {
  expect(versionKey(null) < versionKey("0.0.0-0")).toBe(true);
});
