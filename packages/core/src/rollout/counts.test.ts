import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { aRollout, aTarget, aWave, START } from "../testing/index.ts";
import { countTargets, targetGroup, type TargetGroup } from "./counts.ts";
import { TARGET_TRANSITIONS, type TargetState } from "./rollout.ts";

const failure = { code: "PROBATION_CRASHED", message: "it crashed" } as const;
const STATES: Readonly<Record<TargetState["kind"], TargetState>> = {
  pending: { kind: "pending" },
  dispatched: { kind: "dispatched" },
  downloading: { kind: "downloading", receivedBytes: 1, totalBytes: 2 },
  verifying: { kind: "verifying" },
  staging: { kind: "staging" },
  restarting: { kind: "restarting" },
  healthy: { kind: "healthy" },
  failed: { kind: "failed", ...failure },
  rolled_back: { kind: "rolled_back", ...failure },
  canceled: { kind: "canceled" },
  superseded: { kind: "superseded" },
};
const rollout = aRollout({ waves: [aWave(0), aWave(1)] });
const count = (targets: readonly ReturnType<typeof aTarget>[], after = 0) =>
  countTargets({ rollout, targets, now: START + after, listeningSince: 0 });

describe("a target's group", () => {
  const underWay = ["dispatched", "downloading", "verifying", "staging", "restarting"] as const;
  test.each<[TargetGroup, readonly TargetState["kind"][], readonly TargetState["kind"][]]>([
    ["pending", ["pending"], ["pending"]],
    ["in_progress", underWay, underWay],
    ["healthy", ["healthy"], ["canceled"]],
    ["failed", ["failed"], ["failed"]],
    ["rolled_back", ["rolled_back"], ["healthy", "rolled_back", "superseded"]],
    ["canceled", ["canceled", "superseded"], []],
  ])("%s: updates that are %j, returns that are %j", (group, updates, returns) => {
    const kindsOf = (purpose: "update" | "return") =>
      Object.values(STATES)
        .filter((state) => targetGroup({ purpose, state }) === group)
        .map(({ kind }) => kind);
    expect(kindsOf("update").toSorted()).toEqual(updates.toSorted());
    expect(kindsOf("return").toSorted()).toEqual(returns.toSorted());
  });
});

test("targets are counted in all and by wave, the newest attempt of each agent", () => {
  const targets = [
    aTarget("a", STATES.failed),
    aTarget("a", STATES.healthy, { id: "t-a-2", attempt: 2 }),
    aTarget("b", STATES.restarting),
    aTarget("c", STATES.pending, { wave: 1 }),
  ];
  const none = { pending: 0, inProgress: 0, healthy: 0, failed: 0, rolledBack: 0, silent: 0, canceled: 0 };
  expect(count(targets)).toEqual({
    total: { ...none, planned: 3, healthy: 1, inProgress: 1, pending: 1 },
    waves: [
      { ...none, planned: 2, healthy: 1, inProgress: 1 },
      { ...none, planned: 1, pending: 1 },
    ],
    touched: 2,
  });
});

test("silent targets are also in progress", () => {
  const { total } = count([aTarget("a", STATES.staging)], 60_000);
  expect(total).toMatchObject({ inProgress: 1, silent: 1 });
});

test("the counts add up to what is planned, and the waves to the whole", () => {
  const kinds = Object.keys(TARGET_TRANSITIONS) as TargetState["kind"][];
  const target = fc.record({
    kind: fc.constantFrom(...kinds),
    wave: fc.constantFrom(0, 1),
    back: fc.option(fc.constantFrom(...kinds)),
  });
  fc.assert(
    fc.property(fc.array(target), fc.nat({ max: 100_000 }), (drawn, after) => {
      const targets = drawn.flatMap(({ kind, wave, back }, index) => {
        const update = aTarget(`a${index}`, STATES[kind], { wave });
        if (back === null) return [update];
        return [update, aTarget(`a${index}`, STATES[back], { wave, id: `r${index}`, purpose: "return" })];
      });
      const { total, waves } = count(targets, after);
      expect(total.planned).toBe(drawn.length);
      for (const counts of [total, ...waves]) {
        const { planned, silent, ...parts } = counts;
        expect(Object.values(parts).reduce((sum, part) => sum + part, 0)).toBe(planned);
        expect(silent).toBeLessThanOrEqual(counts.inProgress);
      }
      for (const name of Object.keys(total) as (keyof typeof total)[]) {
        expect(waves.reduce((sum, wave) => sum + wave[name], 0)).toBe(total[name]);
      }
    }),
  );
});
