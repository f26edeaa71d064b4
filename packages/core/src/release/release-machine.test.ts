import { expect, test } from "vitest";
import { matrixOf, sortedTable, tableOf } from "../testing/index.ts";
import { transitionRelease, type ReleaseEvent } from "./release-machine.ts";
import { RELEASE_TRANSITIONS, type ReleaseState } from "./release-state.ts";

const failure = { code: "MIRROR_FETCH_FAILED", message: "no answer" } as const;
const STATES: readonly ReleaseState[] = [
  { kind: "draft" },
  { kind: "mirroring" },
  { kind: "ready" },
  { kind: "yanked", why: "it eats disks" },
  { kind: "failed", ...failure },
];
const EVENTS: Readonly<Record<ReleaseEvent["kind"], ReleaseEvent>> = {
  mirror: { kind: "mirror" },
  complete: { kind: "complete" },
  fail: { kind: "fail", ...failure },
  yank: { kind: "yank", why: "it eats disks" },
};
const matrix = matrixOf({
  states: STATES,
  events: EVENTS,
  transition: transitionRelease,
  refusal: "RELEASE_TRANSITION_INVALID",
});

test("the machine makes exactly the transitions of the table", () => {
  expect(STATES.map(({ kind }) => kind)).toEqual(Object.keys(RELEASE_TRANSITIONS));
  expect(tableOf(matrix)).toEqual(sortedTable(RELEASE_TRANSITIONS));
});

test("every state with every event", () => {
  expect(matrix).toEqual({
    draft: { mirror: "mirroring", complete: "-", fail: "-", yank: "-" },
    mirroring: { mirror: "-", complete: "ready", fail: "failed", yank: "-" },
    ready: { mirror: "-", complete: "-", fail: "-", yank: "yanked" },
    yanked: { mirror: "-", complete: "-", fail: "-", yank: "-" },
    failed: { mirror: "mirroring", complete: "-", fail: "-", yank: "-" },
  });
});

test("a failed release says with which code, a yanked one why", () => {
  expect(transitionRelease({ kind: "mirroring" }, EVENTS.fail)).toEqual({ kind: "failed", ...failure });
  expect(transitionRelease({ kind: "ready" }, EVENTS.yank)).toEqual({ kind: "yanked", why: "it eats disks" });
});
