import fc from "fast-check";
import { expect, test } from "vitest";
import { parseUnitState } from "./unit-state.ts";

test.for([
  ["ActiveState=active\nMainPID=42\n", { active: "active", mainPid: 42 }],
  ["MainPID=0\nActiveState=failed\n", { active: "failed", mainPid: 0 }],
  ["", { active: "", mainPid: 0 }],
  ["Failed to connect to bus\n", { active: "", mainPid: 0 }],
  ["ActiveState=active\nMainPID=-1\n", { active: "active", mainPid: 0 }],
] as const)("%j", ([text, state]) => {
  expect(parseUnitState(text)).toEqual(state);
});

test("whatever is printed, the process is a number that can be one", () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const { mainPid } = parseUnitState(`MainPID=${text}\n`);
      expect(Number.isSafeInteger(mainPid) && mainPid >= 0).toBe(true);
    }),
  );
});
