import { describe, expect, test } from "vitest";
import { aTarget, movesOf, reasonsAfter, HEALTHY, pending, type Situation } from "../testing/index.ts";
import { clusteredSlices, isHostQuarantined, slicesOf } from "./quarantine.ts";
import type { AgentFacts, Target } from "./rollout.ts";

const [A, B] = [["a"], ["b"]];
const of = (slices: readonly string[], bad: number, well: number) => [
  ...Array.from({ length: bad }, () => ({ slices, rolledBack: true })),
  ...Array.from({ length: well }, () => ({ slices, rolledBack: false })),
];

describe("slices in which rollbacks cluster", () => {
  test.each<[string, readonly { slices: readonly string[]; rolledBack: boolean }[], readonly string[]]>([
    ["nobody has ended", [], []],
    ["two are no cluster", [...of(A, 2, 0), ...of(B, 0, 9)], []],
    ["three of three, and the rest is well", [...of(A, 3, 0), ...of(B, 0, 9)], ["a"]],
    ["half of the slice", [...of(A, 3, 3), ...of(B, 0, 9)], ["a"]],
    ["less than half of the slice", [...of(A, 3, 4), ...of(B, 0, 9)], []],
    ["nobody else has ended", of(A, 9, 0), []],
    ["a tenth of the rest rolls back too", [...of(A, 3, 0), ...of(B, 1, 9)], ["a"]],
    ["more of the rest rolls back: it is the release", [...of(A, 3, 0), ...of(B, 1, 8)], []],
    ["one slice within another", [...of(["a", "x"], 3, 0), ...of(["a", "y"], 0, 9), ...of(B, 0, 9)], ["x"]],
  ])("%s", (_, agents, slices) => {
    expect(clusteredSlices(agents)).toEqual(slices);
  });

  test("an agent is in the slice of its platform, and of its values of the named labels", () => {
    const agent = { platform: "linux/arm64", labels: { site: "fra", role: "db" } };
    expect(slicesOf(agent, { sliceLabels: [] })).toEqual(["platform=linux/arm64"]);
    expect(slicesOf(agent, { sliceLabels: ["site", "rack"] })).toEqual(["platform=linux/arm64", "site=fra"]);
  });
});

const MESSAGE: unknown = expect.stringContaining("rolled this release back");
const BACK = { kind: "rolled_back", code: "PROBATION_CRASHED", message: "it crashed" } as const;
const ARM: Partial<AgentFacts> = { platform: "linux/arm64" };
const many = (ids: readonly string[], state: Target["state"]) => ids.map((id) => aTarget(id, state));

describe("a slice that is held", () => {
  const situation: Situation = {
    spec: { failurePolicy: { threshold: { percent: 90 }, action: "pause", silentAfterMs: 60_000 } },
    targets: [...many(["a", "b", "c"], BACK), ...many(["d", "e"], HEALTHY), ...pending("f", "g")],
    agents: { a: ARM, b: ARM, c: ARM, f: ARM },
  };

  test("is named, and its pending agents wait while the others go on", () => {
    expect(movesOf(situation)).toEqual([
      { kind: "hold_slices", slices: ["platform=linux/arm64"] },
      { kind: "dispatch", targetId: "t-g", fromVersion: "1.0.0" },
    ]);
    expect(reasonsAfter(situation).targets[5]).toBe("quarantined");
  });

  test("is let go when an operator has forgiven what rolled back", () => {
    const quarantine = { slices: [], forgivenBefore: 1_000_001 };
    expect(movesOf({ ...situation, rollout: { quarantine } })).toEqual([
      { kind: "dispatch", targetId: "t-f", fromVersion: "1.0.0" },
      { kind: "dispatch", targetId: "t-g", fromVersion: "1.0.0" },
    ]);
  });
});

describe("a host that rolls one release back again and again", () => {
  test.each([
    [0, false],
    [1, false],
    [2, true],
    [3, true],
  ])("after %d rollbacks it is offered no more: %s", (rollbacks, quarantined) => {
    expect(isHostQuarantined(rollbacks)).toBe(quarantined);
    const situation: Situation = { targets: pending("a", "b"), agents: { a: { rollbacks } } };
    const canceled = movesOf(situation).filter(({ kind }) => kind === "cancel_target");
    const dropped = { kind: "cancel_target", targetId: "t-a", code: "TARGET_QUARANTINED", message: MESSAGE };
    expect(canceled).toEqual(quarantined ? [dropped] : []);
  });

  test("can always return", () => {
    const back = aTarget(
      "a",
      { kind: "pending" },
      { purpose: "return", fromVersion: "2.0.0", toVersion: "1.0.0" },
    );
    const rollout = { state: { kind: "rolling_back" } } as const;
    const agents = { a: { rollbacks: 5, version: "2.0.0" } };
    expect(movesOf({ rollout, targets: [back], agents })).toContainEqual(
      expect.objectContaining({ kind: "dispatch", targetId: "t-a" }),
    );
  });
});
