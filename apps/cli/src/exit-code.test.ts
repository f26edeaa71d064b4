import { ERROR_REGISTRY, type ErrorCode } from "@muster/core";
import { expect, test } from "vitest";
import { EXIT_CODE_HELP, EXIT_CODES, exitCodeOf } from "./exit-code.ts";

test("every exit code is in the help", () => {
  for (const code of Object.values(EXIT_CODES))
    expect(EXIT_CODE_HELP).toMatch(new RegExp(`^ +${code} `, "m"));
});

test("every error has an exit code of its kind, and none is success or a halted rollout", () => {
  const kinds = new Set((Object.keys(ERROR_REGISTRY) as ErrorCode[]).map(exitCodeOf));
  expect(kinds).toEqual(new Set([1, 2, 3, 4, 5]));
});

test.each([
  ["USAGE_INVALID", 2],
  ["AGENT_NOT_FOUND", 3],
  ["RESOURCE_NOT_FOUND", 3],
  ["SIGNATURE_INVALID", 4],
  ["TRUST_ANCHOR_INVALID", 4],
  ["AUTH_REQUIRED", 4],
  ["SERVER_UNREACHABLE", 5],
  ["INTERNAL_UNEXPECTED", 1],
] as const)("%s exits with %d", (code, exit) => {
  expect(exitCodeOf(code)).toBe(exit);
});
