import { expect, test } from "vitest";
import { policyWords, skewWords } from "./words.ts";

test("a clock is right, ahead, behind or not measured", () => {
  expect(skewWords(null)).toBe("not measured");
  expect(skewWords(-400)).toBe("right to within a second");
  expect(skewWords(95_000)).toBe("1 min 35 s ahead");
  expect(skewWords(-2000)).toBe("2 s behind");
});

test("the local policy is told by what it forbids", () => {
  const open = { updates: true, channels: null, minimumVersion: null, maintenance: false };
  expect(policyWords(open)).toBe("all updates");
  expect(policyWords({ ...open, updates: false })).toBe("no updates");
  expect(policyWords({ ...open, maintenance: true })).toBe("no updates: in maintenance");
  expect(policyWords({ ...open, channels: ["stable", "beta"], minimumVersion: "1.0.0" })).toBe(
    "channels stable, beta; not below 1.0.0",
  );
});
