import { expect, test } from "vitest";
import { decideRecovery } from "./decide-recovery.ts";
import type { ObservedTree } from "./decide-boot.ts";
import { NEW_JOURNAL } from "./journal.ts";

const intact = (version: string): ObservedTree => ({ version, tree: "intact" });

test("a version that ends again and again is left for the one before it", () => {
  const action = decideRecovery(NEW_JOURNAL, { current: intact("1.1.0"), lastGood: intact("1.0.0") });
  expect(action).toEqual({ kind: "go_back", from: "1.1.0", to: "1.0.0" });
});

test.each([
  ["no version before it", NEW_JOURNAL, intact("1.0.0"), "there is no version before it"],
  ["no link to one", NEW_JOURNAL, null, "there is no version before it"],
  [
    "one whose files are damaged",
    NEW_JOURNAL,
    { version: "0.9.0", tree: "broken" },
    "the files of 0.9.0 cannot be verified",
  ],
  [
    "one that nobody can verify",
    NEW_JOURNAL,
    { version: "0.9.0", tree: "unverified" },
    "the files of 0.9.0 cannot be verified",
  ],
  [
    "one below the floor",
    { ...NEW_JOURNAL, floor: "0.9.5" },
    intact("0.9.0"),
    "0.9.0 is below the floor 0.9.5",
  ],
] as const)("with %s the same is started again", (_, journal, lastGood, problem) => {
  const action = decideRecovery(journal, { current: intact("1.0.0"), lastGood });
  expect(action).toEqual({ kind: "stay", problem });
});
