import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

test("npm links the program as node_modules/.bin/muster", () => {
  const linked = fileURLToPath(new URL("../../../node_modules/.bin/muster", import.meta.url));
  const { status, stdout } = spawnSync(linked, ["--help"], { encoding: "utf8" });
  expect({ status, stdout }).toMatchObject({ status: 0, stdout: expect.stringContaining("Usage: muster") });
});
