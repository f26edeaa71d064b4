import { expect, test } from "vitest";
import { decideRecovery } from "./decide-recovery.ts";
import type { ObservedTree } from "./decide-boot.ts";
import { NEW_JOURNAL } from "./journal.ts";

const intact = (version: string): ObservedTree => ({ version, tree: "intact" });
const current = intact("1.2.0");

test("a version that ends again and again is left for the one before it", () => {
  const others = [intact("1.1.0"), intact("1.0.0")];
  expect(decideRecovery(NEW_JOURNAL, { current, others })).toEqual({
    kind: "go_back",
    from: "1.2.0",
    to: "1.1.0",
  });
});

test.each([
  ["is damaged", NEW_JOURNAL, { version: "1.1.0", tree: "broken" }],
  ["nobody can verify", NEW_JOURNAL, { version: "1.1.0", tree: "unverified" }],
  [
    "was left before",
    { ...NEW_JOURNAL, bad: [{ version: "1.1.0", manifestDigest: "a".repeat(64) }] },
    intact("1.1.0"),
  ],
  ["is the one that runs", NEW_JOURNAL, current],
] as const)("one that %s is passed over", (_, journal, first) => {
  const action = decideRecovery(journal, { current, others: [first, intact("1.0.0")] });
  expect(action).toEqual({ kind: "go_back", from: "1.2.0", to: "1.0.0" });
});

test.each([
  ["no other", NEW_JOURNAL, []],
  ["none above the floor", { ...NEW_JOURNAL, floor: "1.1.5" }, [intact("1.1.0")]],
] as const)("with %s the same is started again", (_, journal, others) => {
  expect(decideRecovery(journal, { current, others })).toEqual({
    kind: "stay",
    problem: "there is no other version to go back to",
  });
});

test("without a version that runs nothing is decided here", () => {
  expect(decideRecovery(NEW_JOURNAL, { current: null, others: [intact("1.0.0")] })).toMatchObject({
    kind: "stay",
  });
});
