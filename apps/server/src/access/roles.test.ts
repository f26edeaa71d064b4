import { describe, expect, test } from "vitest";
import { can, roleOf, VERBS } from "./roles.ts";

describe.each(VERBS)("%s", (verb) => {
  test("is allowed to administrators and operators, and to viewers if it only reads", () => {
    expect(can({ role: "administrator" }, verb)).toBe(true);
    expect(can({ role: "operator" }, verb)).toBe(true);
    expect(can({ role: "viewer" }, verb)).toBe(verb === "fleet.read" || verb === "metrics.read");
  });
});

test("a role that is none gives the least rights", () => {
  expect(roleOf("root")).toBe("viewer");
  expect(roleOf("operator")).toBe("operator");
});
