import { expect, test } from "vitest";
import { readKey } from "./shortcuts.ts";

const press = (key: string, more: { modified?: boolean; typing?: boolean } = {}) => ({
  key,
  modified: false,
  typing: false,
  ...more,
});

test("g and a letter go to a page", () => {
  const first = readKey(null, press("g"));
  expect(first).toEqual({ action: null, prefix: "g" });
  expect(readKey(first.prefix, press("r"))).toEqual({ action: "rollouts", prefix: null });
});

test("g and anything else does nothing and is forgotten", () => {
  expect(readKey("g", press("x"))).toEqual({ action: null, prefix: null });
});

test("single keys act at once", () => {
  expect(readKey(null, press("/")).action).toBe("filter");
  expect(readKey(null, press("?")).action).toBe("help");
});

test("nothing happens while typing or with the browser's own shortcuts", () => {
  expect(readKey(null, press("/", { typing: true })).action).toBeNull();
  expect(readKey("g", press("r", { modified: true }))).toEqual({ action: null, prefix: null });
});
