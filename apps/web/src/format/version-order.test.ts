import { expect, test } from "vitest";
import { newestFirst } from "./version-order.ts";

test("versions are ordered by number, a pre-release after its release, an unknown one last", () => {
  const versions = ["1.9.0", null, "1.10.0-rc.2", "1.10.0", "2.0.0-beta", "1.10.0-rc.10"];
  expect(versions.toSorted(newestFirst)).toEqual([
    "2.0.0-beta",
    "1.10.0",
    "1.10.0-rc.10",
    "1.10.0-rc.2",
    "1.9.0",
    null,
  ]);
});
