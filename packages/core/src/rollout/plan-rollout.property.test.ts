import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MusterError } from "../errors.ts";
import {
  aRollout,
  aSpec,
  aTarget,
  aWave,
  operate,
  runRollout,
  START,
  type AgentScript,
  type RolloutRecord,
  type WorldScript,
  type WorldStep,
} from "../testing/index.ts";
import { latestAttempts } from "./attempts.ts";
import type { Decision } from "./decision.ts";
import { planRollout } from "./plan-rollout.ts";
import { isThresholdReached } from "./plan/threshold.ts";
import { isRolloutEnded } from "./rollout-machine.ts";
import type { RolloutSpec, Strategy, Target } from "./rollout.ts";
import { isTargetEnded, isUnderWay } from "./target-machine.ts";
import { ROLLOUT_VERBS, type RolloutVerb } from "./verbs.ts";

const MINUTE = 60_000;

interface Scene {
  readonly spec: RolloutSpec;
  readonly agents: readonly AgentScript[];
  readonly waveSizes: readonly number[];
  readonly survivors: readonly (number | null)[];
  readonly interventions: readonly { readonly at: number; readonly verb: RolloutVerb }[];
  readonly remedies: readonly ("resume" | "retry" | "cancel")[];
}

const time = fc.nat({ max: 30 * MINUTE }).map((ms) => START + ms);

const agentArbitrary = fc.record({
  version: fc.constantFrom("1.0.0", "1.0.0", "1.0.0", "2.0.0"),
  away: fc.oneof(
    { weight: 3, arbitrary: fc.constant({ from: 0, to: 0 }) },
    {
      weight: 1,
      arbitrary: fc.tuple(time, time).map(([a, b]) => ({ from: Math.min(a, b), to: Math.max(a, b) })),
    },
    { weight: 1, arbitrary: time.map((to) => ({ from: 0, to })) },
  ),
  busyUntil: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: time }),
  skewedUntil: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: time }),
  endings: fc.array(fc.constantFrom("healthy", "healthy", "healthy", "failed", "rolled_back", "silent"), {
    minLength: 1,
    maxLength: 3,
  }),
  stepMs: fc.integer({ min: 1, max: 90_000 }),
  reports: fc.nat({ max: 4 }),
});

const strategyArbitrary: fc.Arbitrary<Strategy> = fc.oneof(
  fc.constant({ kind: "immediate" } as const),
  fc.record({
    kind: fc.constant("batches" as const),
    size: fc.integer({ min: 1, max: 4 }),
    delayMs: fc.integer({ min: 1, max: 10 * MINUTE }),
  }),
  fc.record({
    kind: fc.constant("waves" as const),
    waves: fc.constant([{ percent: 100 }]),
    settleMs: fc.constantFrom(0, 5 * MINUTE),
    approval: fc.constantFrom("automatic" as const, "manual" as const),
  }),
);

const specArbitrary: fc.Arbitrary<RolloutSpec> = fc
  .record({
    strategy: strategyArbitrary,
    maxInFlight: fc.integer({ min: 1, max: 5 }),
    threshold: fc.oneof(
      fc.integer({ min: 1, max: 4 }).map((count) => ({ count })),
      fc.integer({ min: 1, max: 100 }).map((percent) => ({ percent })),
    ),
    action: fc.constantFrom("pause" as const, "roll_back" as const),
    startAt: fc.option(time),
  })
  .map(({ threshold, action, ...rest }) =>
    aSpec({ ...rest, failurePolicy: { threshold, action, silentAfterMs: MINUTE } }),
  );

const sceneArbitrary: fc.Arbitrary<Scene> = fc.record({
  spec: specArbitrary,
  agents: fc
    .array(agentArbitrary, { minLength: 1, maxLength: 14 })
    .map((agents) => agents.map((agent, index) => ({ ...agent, id: `a${index}` }))),
  waveSizes: fc.array(fc.nat({ max: 5 }), { maxLength: 3 }),
  survivors: fc.array(fc.option(fc.nat({ max: 6 }), { freq: 3 }), { maxLength: 12 }),
  interventions: fc.array(fc.record({ at: time, verb: fc.constantFrom(...ROLLOUT_VERBS) }), { maxLength: 3 }),
  remedies: fc.array(fc.constantFrom("resume", "resume", "retry", "cancel"), { maxLength: 6 }),
});

/** The scene's rollout: with waves the agents are dealt to waves of the given sizes, the rest to the last. */
function recordOf({ spec, agents, waveSizes }: Scene): RolloutRecord {
  const sizes = spec.strategy.kind === "waves" ? waveSizes : [];
  const waves = [...sizes, 0].map((_, index) => aWave(index));
  const waveOf = (place: number) => {
    let end = 0;
    const found = sizes.findIndex((size) => place < (end += size));
    return found === -1 ? sizes.length : found;
  };
  const targets = agents.map(({ id }, place) => aTarget(id, { kind: "pending" }, { wave: waveOf(place) }));
  return { rollout: aRollout({ spec, waves }), targets };
}

function attempt(record: RolloutRecord, verb: RolloutVerb, now: number): RolloutRecord {
  try {
    return operate(record, verb, now);
  } catch (error) {
    if (error instanceof MusterError && error.code === "ROLLOUT_TRANSITION_INVALID") return record;
    throw error;
  }
}

function worldScript(scene: Scene, observe: (step: WorldStep) => void): WorldScript {
  const survivors = [...scene.survivors];
  const remedies = [...scene.remedies];
  const interventions = scene.interventions
    .toSorted((a, b) => a.at - b.at)
    .map(({ at, verb }) => ({
      at,
      act: (record: RolloutRecord, now: number) => attempt(record, verb, now),
    }));
  return {
    interventions,
    survivors: () => survivors.shift() ?? null,
    operate: (record, now) => {
      if (isRolloutEnded(record.rollout.state) || record.rollout.state.kind !== "paused") return null;
      if (record.rollout.state.cause === "approval_required") return operate(record, "approve", now);
      const remedy = remedies.shift() ?? "resume";
      return operate(
        remedy === "retry" ? attempt(record, "retry", now) : record,
        remedy === "cancel" ? "cancel" : "resume",
        now,
      );
    },
    observe,
  };
}

function run(scene: Scene, observe: (step: WorldStep) => void = () => {}) {
  const { rollout, targets } = recordOf(scene);
  return runRollout(rollout, targets, scene.agents, worldScript(scene, observe));
}

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

const RUNS = { numRuns: 300 };

describe("over random fleets, faults, operators and crashes of the driver", () => {
  test("every target ends, and so does the rollout", () => {
    fc.assert(
      fc.property(sceneArbitrary, (scene) => {
        const { record } = run(scene);
        expect(isRolloutEnded(record.rollout.state), JSON.stringify(record.rollout)).toBe(true);
        expect(record.targets.filter(({ state }) => !isTargetEnded(state))).toEqual([]);
      }),
      RUNS,
    );
  });

  test("there are never more targets under way than allowed", () => {
    fc.assert(
      fc.property(sceneArbitrary, (scene) => {
        run(scene, ({ after }) => {
          const underWay = after.targets.filter(({ state }) => isUnderWay(state)).length;
          expect(underWay).toBeLessThanOrEqual(scene.spec.maxInFlight);
        });
      }),
      RUNS,
    );
  });

  test("no update is dispatched while any wave stands at its threshold", () => {
    fc.assert(
      fc.property(sceneArbitrary, (scene) => {
        run(scene, ({ before, after, now, decisions, applied }) => {
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
        run(scene, ({ before, after, decisions, applied }) => {
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
        run(scene, ({ after, now, decisions, applied, facts }) => {
          if (applied < decisions.length || decisions.some(({ kind }) => kind === "add_return")) return;
          expect(planRollout({ ...after, agents: facts, now, listeningSince: 0 })).toEqual([]);
        });
      }),
      RUNS,
    );
  });

  test("everything that stands still has a reason, and nothing that has ended has one", () => {
    fc.assert(
      fc.property(sceneArbitrary, (scene) => {
        run(scene, ({ after, now, decisions, applied }) => {
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
        run(scene, ({ before, after }) => {
          for (const wave of after.rollout.waves) {
            const opened =
              wave.index > 0 &&
              before.rollout.waves[wave.index]?.state.kind === "waiting" &&
              wave.state.kind !== "waiting";
            if (!opened) continue;
            expect(after.rollout.waves[wave.index - 1]?.state.kind).toBe("passed");
            const { strategy } = scene.spec;
            if (strategy.kind === "waves" && strategy.approval === "manual") expect(wave.approved).toBe(true);
          }
        });
      }),
      RUNS,
    );
  });

  test("a rollout is called completed only if an agent got there, and rolled back only if none is left there", () => {
    fc.assert(
      fc.property(sceneArbitrary, (scene) => {
        const { record } = run(scene);
        const latest = latestAttempts(record.targets);
        const { kind } = record.rollout.state;
        if (kind === "completed") {
          expect(latest.some(({ state }) => state.kind === "healthy" || state.kind === "superseded")).toBe(
            true,
          );
        }
        if (kind === "rolled_back") {
          const updated = latest.filter((t) => t.purpose === "update" && t.state.kind === "healthy");
          const returned = latest.filter(
            (t) => t.purpose === "return" && (t.state.kind === "healthy" || t.state.kind === "superseded"),
          );
          for (const { agentId } of updated) expect(returned.map((t) => t.agentId)).toContain(agentId);
        }
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
        const whole = run({ ...scene, survivors: [] });
        const crashed = run(scene);
        const ends = ({ record }: { record: RolloutRecord }) => ({
          rollout: record.rollout.state,
          targets: record.targets.map(({ id, state }) => [id, state]).toSorted(),
        });
        expect(ends(crashed)).toEqual(ends(whole));
      }),
      RUNS,
    );
  });
});

function isSilentNow(target: Target, spec: RolloutSpec, now: number): boolean {
  const steadying = target.state.kind === "restarting" ? spec.limits.stabilizationMs : 0;
  return now >= target.progressAt + spec.failurePolicy.silentAfterMs + steadying;
}
