import { expect, test } from "vitest";
import { aRollout, matrixOf, sortedTable, START, tableOf } from "../testing/index.ts";
import { changeRollout, isRolloutEnded, transitionRollout, type RolloutEvent } from "./rollout-machine.ts";
import { ROLLOUT_TRANSITIONS, type RolloutState } from "./rollout.ts";

const failure = { code: "ROLLOUT_NO_SUCCESS", message: "none" } as const;
const STATES: readonly RolloutState[] = [
  { kind: "scheduled" },
  { kind: "running" },
  { kind: "paused", cause: "operator" },
  { kind: "completed" },
  { kind: "canceled" },
  { kind: "failed", ...failure },
  { kind: "rolling_back" },
  { kind: "rolled_back" },
];
const EVENTS: Readonly<Record<RolloutEvent["kind"], RolloutEvent>> = {
  start: { kind: "start" },
  pause: { kind: "pause", cause: "failure_threshold" },
  resume: { kind: "resume" },
  complete: { kind: "complete" },
  cancel: { kind: "cancel" },
  fail: { kind: "fail", ...failure },
  begin_return: { kind: "begin_return" },
  finish_return: { kind: "finish_return" },
};
const matrix = matrixOf({
  states: STATES,
  events: EVENTS,
  transition: transitionRollout,
  refusal: "ROLLOUT_TRANSITION_INVALID",
});
const refused = {
  start: "-",
  pause: "-",
  resume: "-",
  complete: "-",
  cancel: "-",
  fail: "-",
  begin_return: "-",
  finish_return: "-",
};
const takenBack = { ...refused, begin_return: "rolling_back" };
const ends = { complete: "completed", cancel: "canceled", fail: "failed", begin_return: "rolling_back" };

test("the machine makes exactly the transitions of the table", () => {
  expect(STATES.map(({ kind }) => kind)).toEqual(Object.keys(ROLLOUT_TRANSITIONS));
  expect(tableOf(matrix)).toEqual(sortedTable(ROLLOUT_TRANSITIONS));
});

test("every state with every event", () => {
  expect(matrix).toEqual({
    scheduled: { ...refused, start: "running", pause: "paused", cancel: "canceled" },
    running: { ...refused, pause: "paused", ...ends },
    paused: { ...refused, resume: "running", ...ends },
    completed: takenBack,
    canceled: takenBack,
    failed: takenBack,
    rolling_back: { ...refused, fail: "failed", finish_return: "rolled_back" },
    rolled_back: refused,
  });
});

test("a state has ended exactly if nothing follows it but its being taken back", () => {
  const ended = STATES.filter(isRolloutEnded).map(({ kind }) => kind);
  expect(ended).toEqual(["completed", "canceled", "failed", "rolled_back"]);
  const follow = ended.map((kind) => ROLLOUT_TRANSITIONS[kind]).flat();
  expect(new Set(follow)).toEqual(new Set(["rolling_back"]));
});

test("a paused rollout knows why and since when", () => {
  const rollout = aRollout({ state: { kind: "running" } });
  expect(changeRollout(rollout, EVENTS.pause, START + 7)).toEqual({
    ...rollout,
    state: { kind: "paused", cause: "failure_threshold" },
    since: START + 7,
  });
});
