import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { runScene, sceneArbitrary, type RolloutRecord, type Scene } from "../testing/index.ts";
import { latestAttempts } from "./attempts.ts";
import type { Decision } from "./decision.ts";
import { planRollout } from "./plan-rollout.ts";
import { isThresholdReached } from "./plan/threshold.ts";
import { isHostQuarantined, slicesOf } from "./quarantine.ts";
import { isRolloutEnded } from "./rollout-machine.ts";
import type { RolloutSpec, Target } from "./rollout.ts";
import { isTargetEnded, isUnderWay } from "./target-machine.ts";

const MINUTE = 60_000;

/** What counts toward each wave's threshold, worked out the slow way from the words of the contract. */
function reachedWaves({ rollout, targets }: RolloutRecord, now: number): readonly number[] {
  return rollout.waves
    .filter(({ index, forgivenBefore }) => {
      const members = latestAttempts(targets).filter((t) => t.purpose === "update" && t.wave === index);
      const counted = members.filter((target) => {
        const silentFrom =
          target.progressAt +
          MINUTE +
          (target.state.kind === "restarting" ? rollout.spec.limits.stabilizationMs : 0);
        if (isUnderWay(target.state)) return now >= silentFrom && silentFrom >= forgivenBefore;
        if (target.state.kind !== "failed" && target.state.kind !== "rolled_back") return false;
        return Math.min(target.since, target.progressAt + MINUTE) >= forgivenBefore;
      }).length;
      return isThresholdReached(rollout.spec.failurePolicy.threshold, { counted, size: members.length });
    })
    .map(({ index }) => index);
}

function dispatchesOf(decisions: readonly Decision[]): readonly string[] {
  return decisions.flatMap((decision) => (decision.kind === "dispatch" ? [decision.targetId] : []));
}

const RUNS = { numRuns: 500 };

describe("over random fleets, faults, operators and crashes of the driver", () => {
  test("every target ends, and so does the rollout", () => {
    fc.assert(
      fc.property(sceneArbitrary, (scene) => {
        const { record } = runScene(scene);
        expect(record.rollout.state).toSatisfy(isRolloutEnded);
        expect(record.targets.filter(({ state }) => !isTargetEnded(state))).toEqual([]);
      }),
      RUNS,
    );
  });

  test("there are never more targets under way than allowed", () => {
    fc.assert(
      fc.property(sceneArbitrary, (scene) => {
        runScene(scene, ({ after }) => {
          const underWay = after.targets.filter(({ state }) => isUnderWay(state)).length;
          expect(underWay).toBeLessThanOrEqual(scene.spec.maxInFlight);
        });
      }),
      RUNS,
    );
  });

  test("there are never more of one rack under way than the spread allows, nor more downloads than the budget", () => {
    fc.assert(
      fc.property(sceneArbitrary, (scene) => {
        const { spread, maxDownloads } = scene.spec;
        runScene(scene, ({ after, facts }) => {
          const underWay = after.targets.filter(({ state }) => isUnderWay(state));
          const downloads = underWay.filter(({ state }) => isDownload(state)).length;
          expect(downloads).toBeLessThanOrEqual(maxDownloads ?? Infinity);
          const racks = underWay.flatMap(({ agentId }) => facts(agentId)?.labels["rack"] ?? []);
          for (const rack of new Set(racks)) {
            expect(racks.filter((other) => other === rack).length).toBeLessThanOrEqual(
              spread?.max ?? Infinity,
            );
          }
        });
      }),
      RUNS,
    );
  });

  test("nothing is dispatched into a slice that is held, nor to a host that has rolled back too often", () => {
    fc.assert(
      fc.property(sceneArbitrary, (scene) => {
        runScene(scene, ({ after, decisions, applied, facts }) => {
          const { slices } = after.rollout.quarantine;
          for (const id of dispatchesOf(decisions.slice(0, applied))) {
            const target = after.targets.find((other) => other.id === id);
            const agent = target && facts(target.agentId);
            if (!agent || target.purpose === "return") continue;
            expect(slicesOf(agent, scene.spec).filter((slice) => slices.includes(slice))).toEqual([]);
            expect(isHostQuarantined(agent.rollbacks)).toBe(false);
            expect(agent.diskShort).toBe(false);
          }
        });
      }),
      RUNS,
    );
  });

  test("what waits for its rack or the budget waits while that is used up", () => {
    fc.assert(
      fc.property(sceneArbitrary, (scene) => {
        runScene(scene, ({ after, decisions, applied, facts }) => {
          if (applied < decisions.length) return;
          const underWay = after.targets.filter(({ state }) => isUnderWay(state));
          const rackOf = ({ agentId }: Target) => facts(agentId)?.labels["rack"];
          const downloads = underWay.filter(({ state }) => isDownload(state)).length;
          const spare = after.targets.filter((target) => {
            if (target.reason === "bandwidth") return downloads !== scene.spec.maxDownloads;
            const neighbours = underWay.filter((other) => rackOf(other) === rackOf(target)).length;
            return target.reason === "spread" && neighbours !== scene.spec.spread?.max;
          });
          expect(spare).toEqual([]);
        });
      }),
      RUNS,
    );
  });

  test("no update is dispatched while any wave stands at its threshold", () => {
    fc.assert(
      fc.property(sceneArbitrary, (scene) => {
        runScene(scene, ({ before, after, now, decisions, applied }) => {
          const updates = dispatchesOf(decisions.slice(0, applied)).filter((id) => !id.startsWith("return-"));
          if (updates.length === 0) return;
          const forgiven = decisions.flatMap((d) =>
            d.kind === "open_wave" && d.forgivenBefore > 0 ? [d.wave] : [],
          );
          const reached = [...reachedWaves(before, now), ...reachedWaves(after, now)];
          expect(reached.filter((wave) => !forgiven.includes(wave))).toEqual([]);
        });
      }),
      RUNS,
    );
  });

  test("a target is dispatched at most once, and what has ended never changes", () => {
    fc.assert(
      fc.property(sceneArbitrary, (scene) => {
        const dispatched = new Set<string>();
        runScene(scene, ({ before, after, decisions, applied }) => {
          for (const id of dispatchesOf(decisions.slice(0, applied))) {
            expect(dispatched.has(id)).toBe(false);
            dispatched.add(id);
          }
          const ended = before.targets.filter(({ state }) => isTargetEnded(state));
          for (const { id, state } of ended) {
            expect(after.targets.find((target) => target.id === id)?.state).toEqual(state);
          }
        });
      }),
      RUNS,
    );
  });

  test("planning on the result of a plan decides nothing new, but to dispatch the returns it made", () => {
    fc.assert(
      fc.property(sceneArbitrary, (scene) => {
        runScene(scene, ({ after, now, decisions, applied, facts }) => {
          if (applied < decisions.length || decisions.some(({ kind }) => kind === "add_return")) return;
          expect(
            planRollout({ ...after, agents: facts, now, listeningSince: 0, hoursChangeAt: null }),
          ).toEqual([]);
        });
      }),
      RUNS,
    );
  });

  test("everything that stands still has a reason, and nothing that has ended has one", () => {
    fc.assert(
      fc.property(sceneArbitrary, (scene) => {
        runScene(scene, ({ after, now, decisions, applied }) => {
          if (applied < decisions.length || decisions.some(({ kind }) => kind === "add_return")) return;
          const { rollout, targets } = after;
          const ended = isRolloutEnded(rollout.state);
          expect(rollout.reason === null, `rollout ${rollout.state.kind}`).toBe(ended);
          for (const wave of rollout.waves) {
            const passed = wave.state.kind === "passed";
            expect(wave.reason === null, `wave ${wave.state.kind}`).toBe(ended || passed);
          }
          for (const target of latestAttempts(targets)) {
            const expected = isUnderWay(target.state)
              ? isSilentNow(target, rollout.spec, now)
              : !isTargetEnded(target.state);
            expect(target.reason !== null, `${target.state.kind} ${target.reason}`).toBe(expected);
          }
        });
      }),
      RUNS,
    );
  });

  test("a later wave opens only after the one before has passed, and after its approval", () => {
    fc.assert(
      fc.property(sceneArbitrary, (scene) => {
        runScene(scene, ({ before, after }) => {
          for (const wave of after.rollout.waves) {
            const opened =
              wave.index > 0 &&
              before.rollout.waves[wave.index]?.state.kind === "waiting" &&
              wave.state.kind !== "waiting";
            if (!opened) continue;
            expect(after.rollout.waves[wave.index - 1]?.state.kind).toBe("passed");
            expect(wave.approved || !isManual(scene.spec)).toBe(true);
          }
        });
      }),
      RUNS,
    );
  });

  test("a rollout is called completed only if an agent got there", () => {
    fc.assert(
      fc.property(sceneArbitrary, (scene) => {
        const { rollout, targets } = runScene(scene).record;
        const arrived = latestAttempts(targets).filter(({ state }) => isArrival(state));
        expect(rollout.state.kind !== "completed" || arrived.length > 0).toBe(true);
      }),
      RUNS,
    );
  });

  test("a rollout is called rolled back only if no agent it updated is left there", () => {
    fc.assert(
      fc.property(sceneArbitrary, (scene) => {
        const { rollout, targets } = runScene(scene).record;
        const latest = latestAttempts(targets);
        const returned = latest.filter(({ purpose, state }) => purpose === "return" && isArrival(state));
        const back = new Set(returned.map(({ agentId }) => agentId));
        const left = latest.filter(
          ({ purpose, state, agentId }) =>
            purpose === "update" && state.kind === "healthy" && !back.has(agentId),
        );
        expect(rollout.state.kind !== "rolled_back" || left.length === 0).toBe(true);
      }),
      RUNS,
    );
  });

  test("a crash after any part of a plan leads to the same end", () => {
    fc.assert(
      fc.property(sceneArbitrary, (drawn) => {
        // Batches are timed from their mark: one cut off is late, and late agents may meet another rollout.
        const scene: Scene = {
          ...drawn,
          spec:
            drawn.spec.strategy.kind === "batches"
              ? { ...drawn.spec, strategy: { kind: "immediate" } }
              : drawn.spec,
        };
        const whole = runScene({ ...scene, survivors: [] });
        const crashed = runScene(scene);
        expect(ends(crashed)).toEqual(ends(whole));
      }),
      RUNS,
    );
  });
});

/** Who stands where at the end, in an order of its own. */
function ends({ record }: { readonly record: RolloutRecord }): readonly unknown[] {
  const targets = record.targets.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  return [record.rollout.state, targets.map(({ id, state }) => [id, state])];
}

function isDownload({ kind }: Target["state"]): boolean {
  return kind === "dispatched" || kind === "downloading";
}

function isArrival({ kind }: Target["state"]): boolean {
  return kind === "healthy" || kind === "superseded";
}

function isManual({ strategy }: RolloutSpec): boolean {
  return strategy.kind === "waves" && strategy.approval === "manual";
}

function isSilentNow(target: Target, spec: RolloutSpec, now: number): boolean {
  const steadying = target.state.kind === "restarting" ? spec.limits.stabilizationMs : 0;
  return now >= target.progressAt + spec.failurePolicy.silentAfterMs + steadying;
}
