import { expect, test } from "vitest";
import { platformOfNode } from "./platform.ts";

test.each([
  ["linux", "x64", { os: "linux", arch: "amd64" }],
  ["linux", "arm64", { os: "linux", arch: "arm64" }],
  ["linux", "arm", { os: "linux", arch: "arm" }],
  ["linux", "ppc64", { os: "linux", arch: "ppc64le" }],
  ["win32", "ia32", { os: "windows", arch: "386" }],
  ["darwin", "arm64", { os: "darwin", arch: "arm64" }],
  ["freebsd", "x64", { os: "freebsd", arch: "amd64" }],
])("Node's %s on %s is %j", (platform, arch, expected) => {
  expect(platformOfNode(platform, arch)).toEqual(expected);
});

test.each([
  ["sunos", "x64", "sunos", "amd64"],
  ["linux", "mips", "linux", "mips"],
  ["constructor", "__proto__", "constructor", "__proto__"],
])("%s on %s is none of ours, and the error says so", (platform, arch, os, cpu) => {
  expect(() => platformOfNode(platform, arch)).toThrow(
    expect.objectContaining({ code: "UPDATE_PLATFORM_MISMATCH", details: { os, arch: cpu } }),
  );
});
