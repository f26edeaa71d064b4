import { expect, test } from "vitest";
import { aWave, matrixOf, sortedTable, START, tableOf } from "../testing/index.ts";
import { WAVE_TRANSITIONS, type WaveState } from "./rollout.ts";
import { changeWave, transitionWave, type WaveEvent } from "./wave-machine.ts";

const STATES: readonly WaveState[] = [
  { kind: "waiting" },
  { kind: "open" },
  { kind: "settling", until: START },
  { kind: "passed" },
  { kind: "failed" },
];
const EVENTS: Readonly<Record<WaveEvent["kind"], WaveEvent>> = {
  open: { kind: "open" },
  settle: { kind: "settle", until: START + 1 },
  pass: { kind: "pass" },
  fail: { kind: "fail" },
};
const matrix = matrixOf({
  states: STATES,
  events: EVENTS,
  transition: transitionWave,
  refusal: "WAVE_TRANSITION_INVALID",
});

test("the machine makes exactly the transitions of the table", () => {
  expect(STATES.map(({ kind }) => kind)).toEqual(Object.keys(WAVE_TRANSITIONS));
  expect(tableOf(matrix)).toEqual(sortedTable(WAVE_TRANSITIONS));
});

test("every state with every event", () => {
  expect(matrix).toEqual({
    waiting: { open: "open", settle: "-", pass: "-", fail: "-" },
    open: { open: "-", settle: "settling", pass: "passed", fail: "failed" },
    settling: { open: "open", settle: "-", pass: "passed", fail: "failed" },
    passed: { open: "open", settle: "-", pass: "-", fail: "failed" },
    failed: { open: "open", settle: "-", pass: "-", fail: "-" },
  });
});

test("a settling wave knows until when", () => {
  const wave = changeWave(aWave(2, { kind: "open" }), EVENTS.settle, START + 9);
  expect(wave).toEqual(aWave(2, { kind: "settling", until: START + 1 }, { since: START + 9 }));
});
