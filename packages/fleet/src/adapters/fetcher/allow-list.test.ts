import { describe, expect, test } from "vitest";
import { parseAllowList } from "./allow-list.ts";

test("an empty list allows nothing", () => {
  expect(parseAllowList([])("example.com", 443)).toBe(false);
});

describe.each([
  ["example.com", "example.com", 443, true],
  ["Example.COM", "example.com", 443, true],
  ["example.com", "EXAMPLE.com", 443, true],
  ["example.com", "example.com", 8443, false],
  ["example.com", "evil-example.com", 443, false],
  ["example.com", "a.example.com", 443, false],
  ["example.com", "example.com.evil.net", 443, false],
  ["example.com:8443", "example.com", 8443, true],
  ["example.com:8443", "example.com", 443, false],
  ["*.example.com", "a.example.com", 443, true],
  ["*.example.com", "a.b.example.com", 443, true],
  ["*.example.com", "example.com", 443, false],
  ["*.example.com", "evilexample.com", 443, false],
  ["*.example.com:8443", "a.example.com", 8443, true],
  ["*", "anything.net", 443, true],
  ["*", "anything.net", 8443, false],
  ["*:8443", "anything.net", 8443, true],
  ["bücher.example", "xn--bcher-kva.example", 443, true],
  ["[2606:4700::1]", "[2606:4700::1]", 443, true],
])("the entry %s", (entry, host, port, allowed) => {
  test(`${allowed ? "allows" : "does not allow"} ${host}:${port}`, () => {
    expect(parseAllowList([entry])(host, port)).toBe(allowed);
  });
});

test.each([
  "",
  " ",
  "https://example.com",
  "example.com/path",
  "user@example.com",
  "a b",
  "*:0",
  "*:x",
  "**",
  "*.",
  "a.*",
])("the entry %j is refused", (entry) => {
  expect(() => parseAllowList([entry])).toThrow(expect.objectContaining({ code: "SERVER_CONFIG_INVALID" }));
});
