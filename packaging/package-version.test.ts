import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { NODE_VERSION } from "./node-runtimes.ts";
import { packageVersion } from "./package-version.ts";
import { REPOSITORY } from "./testing/stand-ins.ts";

test.for([
  ["1.2.3", "1.2.3"],
  ["1.2.3-rc.1", "1.2.3~rc.1"],
  ["1.2.3-rc-1", "1.2.3~rc~1"],
] as const)("%s is %s to package managers", ([version, expected]) => {
  expect(packageVersion(version)).toBe(expected);
});

test.for(["1.2", "v1.2.3", "1.2.3+build", "1.2.3-", "1.2.3;rm"])("%s is refused", (version) => {
  expect(() => packageVersion(version)).toThrow("must read like 1.2.3");
});

test("the packages bring the Node that this repository pins", () => {
  const { devDependencies } = JSON.parse(readFileSync(join(REPOSITORY, "package.json"), "utf8")) as {
    devDependencies: Record<string, string>;
  };
  expect(devDependencies["node"]).toBe(NODE_VERSION);
});
