import { expect, test } from "vitest";
import { countOf, dealProfiles, type Mix } from "./profile.ts";

const MIX: Mix = [
  { profile: { kind: "fails_preflight" }, amount: { percent: 2 } },
  { profile: { kind: "silent", at: "restarting" }, amount: { count: 3 } },
];

test("a share is rounded, is at least one agent, and none of nobody", () => {
  expect(countOf({ percent: 2 }, 2400)).toBe(48);
  expect(countOf({ percent: 1 }, 20)).toBe(1);
  expect(countOf({ percent: 0 }, 20)).toBe(0);
  expect(countOf({ percent: 5 }, 0)).toBe(0);
});

test("each profile is dealt as often as asked, the rest is healthy", () => {
  const kinds = dealProfiles(MIX, 100, 1).map(({ kind }) => kind);
  expect(kinds).toHaveLength(100);
  expect(kinds.filter((kind) => kind === "fails_preflight")).toHaveLength(2);
  expect(kinds.filter((kind) => kind === "silent")).toHaveLength(3);
});

test("the same seed deals the same, another one deals differently", () => {
  expect(dealProfiles(MIX, 200, 7)).toEqual(dealProfiles(MIX, 200, 7));
  expect(dealProfiles(MIX, 200, 7)).not.toEqual(dealProfiles(MIX, 200, 8));
});

test("more faults than agents are refused", () => {
  expect(() => dealProfiles(MIX, 2, 1)).toThrow(expect.objectContaining({ code: "USAGE_INVALID" }));
});
