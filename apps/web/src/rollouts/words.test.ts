import { REASONS } from "@muster/core";
import type { RolloutView } from "@muster/protocol/http";
import { expect, test } from "vitest";
import { createFakeAgents } from "../testing/fake-agents.ts";
import { createFakeRollout } from "../testing/fake-rollout.ts";
import { cohortWords, gateOf, reasonWords, strategyWords, thresholdWords, waveEndWords } from "./words.ts";

const { spec, waves, counts } = createFakeRollout({
  id: "r_words",
  version: "1.2.0",
  cohort: { kind: "all" },
  strategy: { kind: "waves", waves: [{ count: 1 }, { percent: 100 }], settleMs: 90_000, approval: "manual" },
  agents: createFakeAgents(10, 0),
  startedAt: 0,
  broken: 0,
}).view();

const withStrategy = (strategy: RolloutView["spec"]["strategy"]) => ({ ...spec, strategy });

test("every reason of the domain has words, and an unknown one is shown as it came", () => {
  for (const reason of REASONS) expect(reasonWords(reason)).toMatch(/ /);
  expect(reasonWords("solar_flare")).toBe("solar flare");
  expect(reasonWords(null)).toBeNull();
});

test("a plan is told in one line", () => {
  expect(strategyWords(spec)).toBe("1 agent → 100 %, 1 min 30 s to settle, each approved by hand");
  expect(strategyWords(withStrategy({ kind: "batches", size: 50, delayMs: 600_000 }))).toBe(
    "batches of 50, 10 min apart",
  );
  expect(strategyWords(withStrategy({ kind: "immediate" }))).toBe("everyone at once");
});

test("a cohort is told as it was asked for", () => {
  expect(cohortWords(spec)).toBe("all agents");
  expect(cohortWords({ ...spec, cohort: { kind: "labels", expression: "env=production" } })).toBe(
    "env=production",
  );
  expect(cohortWords({ ...spec, cohort: { kind: "agents", ids: ["a", "b"] } })).toBe("2 agents by id");
});

test("the threshold says what it counts and what happens then", () => {
  const failurePolicy = { threshold: { count: 1 }, action: "roll_back", silentAfterMs: 1000 } as const;
  expect(thresholdWords({ ...spec, failurePolicy })).toBe(
    "1 agent of a wave failed, rolled back or silent → roll back",
  );
});

test("a wave says where it ends only where the plan has waves", () => {
  expect(waveEndWords({ spec, counts }, 0)).toBe("to 1 agent");
  expect(waveEndWords({ spec, counts }, 1)).toBe("to 100 %");
  expect(waveEndWords({ spec: withStrategy({ kind: "immediate" }), counts }, 0)).toBeNull();
});

test("the waves of a small cohort say where they end, not where one ends that nobody is in", () => {
  const ends = [{ percent: 5 }, { percent: 25 }, { percent: 100 }];
  const small = {
    spec: withStrategy({ kind: "waves", waves: ends, settleMs: 0, approval: "automatic" }),
    counts: { ...counts, planned: 2 },
  };
  expect([0, 1, 2].map((index) => waveEndWords(small, index))).toEqual(["to 5 %", "to 100 %", null]);
});

test("the gate of a wave is its countdown, its approval, or nothing", () => {
  const [first, second] = waves;
  if (!first || !second) throw new Error("the plan has two waves");
  expect(gateOf(spec, first)).toEqual({ kind: "none" });
  expect(gateOf(spec, { ...first, state: "settling", settlesAt: 5 })).toEqual({ kind: "settles", until: 5 });
  expect(gateOf(spec, second)).toEqual({ kind: "needs_approval" });
  expect(gateOf(spec, { ...second, approved: true })).toEqual({ kind: "approved" });
});
