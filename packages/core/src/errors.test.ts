import { describe, expect, test } from "vitest";
import { ERROR_REGISTRY, type ErrorEntry } from "./error-registry.ts";
import { asMusterError, isErrorCode, MusterError } from "./errors.ts";

describe("the registry", () => {
  test.each(Object.entries<ErrorEntry>(ERROR_REGISTRY))(
    "%s is whole",
    (code, { meaning, help, httpStatus, event }) => {
      expect(code).toMatch(/^[A-Z]+(?:_[A-Z]+)+$/);
      expect(meaning).toMatch(/^[A-Z].*[^.]$/s);
      expect(help).toMatch(/^[A-Z`].*\.$/s);
      expect(httpStatus).toBeGreaterThanOrEqual(400);
      expect(httpStatus).toBeLessThan(600);
      expect(event ?? "upgrade_none").toMatch(/^upgrade(?:_[a-z]+)+$/);
    },
  );

  test("knows its codes and nothing that objects have by nature", () => {
    expect(isErrorCode("MANIFEST_INVALID")).toBe(true);
    expect(["toString", "__proto__", "", null, 7].map(isErrorCode)).toEqual([
      false,
      false,
      false,
      false,
      false,
    ]);
  });
});

describe("an error", () => {
  test("says what it means, with its facts, what to do, and whether to try again", () => {
    const error = new MusterError("DISK_SHORT", { free: 10, needed: 30, volumes: ["/var", "/srv"] });
    expect(error.message).toBe(
      "There is not enough free space for the update (free: 10, needed: 30, volumes: /var, /srv)",
    );
    expect(error.help).toBe(ERROR_REGISTRY.DISK_SHORT.help);
    expect(error.retryable).toBe(true);
  });

  test("shows a long fact cut off", () => {
    const { message } = new MusterError("VERSION_INVALID", { version: "x".repeat(500) });
    expect(message).toHaveLength("This is not a semantic version (version: …)".length + 200);
  });

  test("is passed on as it is, and any other thrown value is wrapped", () => {
    const error = new MusterError("DISK_SHORT");
    expect(asMusterError(error)).toBe(error);
    const cause = new TypeError("a bug");
    expect(asMusterError(cause)).toMatchObject({
      code: "INTERNAL_UNEXPECTED",
      details: { problem: "a bug" },
      cause,
    });
    expect(asMusterError("text", "STORE_UNAVAILABLE")).toMatchObject({
      code: "STORE_UNAVAILABLE",
      cause: "text",
    });
  });
});
