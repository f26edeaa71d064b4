import fc from "fast-check";
import { expect, test } from "vitest";
import { bytes, count, counted, percent } from "./number.ts";

test("a count has its thousands apart and its noun in the right number", () => {
  expect(count(2341)).toBe("2,341");
  expect(counted(1, "agent")).toBe("1 agent");
  expect(counted(0, "agent")).toBe("0 agents");
});

test("something is never 0 % and not all is never 100 %", () => {
  expect(percent(1, 100_000)).toBe(1);
  expect(percent(99_999, 100_000)).toBe(99);
  fc.assert(
    fc.property(fc.nat(10_000_000), fc.nat(10_000_000), (part, rest) => {
      fc.pre(part > 0 && rest > 0);
      const share = percent(part, part + rest);
      expect(share).toBeGreaterThan(0);
      expect(share).toBeLessThan(100);
    }),
  );
});

test("none is 0 %, all is 100 %, and there is no share of nothing", () => {
  expect(percent(0, 7)).toBe(0);
  expect(percent(7, 7)).toBe(100);
  expect(percent(0, 0)).toBeNull();
});

test("bytes are told in the unit that leaves the fewest digits", () => {
  expect(bytes(512)).toBe("512 B");
  expect(bytes(1400)).toBe("1.4 KB");
  expect(bytes(999_600)).toBe("1.0 MB");
  expect(bytes(38_200_000_000)).toBe("38 GB");
});
