import { expect, test } from "vitest";
import { parseCommand } from "./arguments.ts";

test("everything is built for this machine unless told", () => {
  expect(parseCommand(["--trust-anchor", "anchor.json"])).toMatchObject({
    kind: "build",
    formats: ["deb", "rpm"],
    packages: [{ name: "muster-agent" }, { name: "muster-server" }],
    arch: process.arch === "x64" ? "amd64" : process.arch,
    compression: "best",
    out: "dist/packages",
    seed: null,
    signKey: null,
  });
});

test("one package in one format for another machine", () => {
  const args = ["--trust-anchor", "a", "--package", "agent", "--format", "rpm", "--arch", "arm64"];
  expect(parseCommand(args)).toMatchObject({
    formats: ["rpm"],
    packages: [{ name: "muster-agent" }],
    arch: "arm64",
  });
});

test.for<[readonly string[], string]>([
  [[], "--trust-anchor FILE is missing"],
  [["--trust-anchor", "a", "--format", "apk"], "--format apk: it is one of deb, rpm, all"],
  [["--trust-anchor", "a", "--arch", "x64"], "--arch x64: it is one of amd64, arm64"],
  [["--trust-anchor", "a", "--fast"], "Usage: npm run package"],
  [["--trust-anchor", "a", "b"], "Usage: npm run package"],
])("%j is refused", ([args, problem]) => {
  expect(() => parseCommand(args)).toThrow(problem);
});

test("help needs nothing else", () => {
  expect(parseCommand(["--help"])).toEqual({ kind: "help" });
});
