import fc from "fast-check";
import { MusterError } from "../errors.ts";
import { isRolloutEnded } from "../rollout/rollout-machine.ts";
import type { RolloutSpec, Strategy } from "../rollout/rollout.ts";
import { ROLLOUT_VERBS, type RolloutVerb } from "../rollout/verbs.ts";
import type { RolloutRecord } from "./apply-decisions.ts";
import { operate } from "./operator.ts";
import { aRollout, aSpec, aTarget, aWave, START } from "./rollout-fixtures.ts";
import { runRollout, type AgentScript, type WorldScript, type WorldStep } from "./rollout-world.ts";

const MINUTE = 60_000;

/** A rollout, its fleet, and what goes wrong. */
export interface Scene {
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
  closedUntil: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: time }),
  fullUntil: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: time }),
  rack: fc.constantFrom("r1", "r1", "r2", null),
  platform: fc.constantFrom("linux/amd64", "linux/amd64", "linux/arm64"),
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
    spread: fc.option(fc.integer({ min: 1, max: 3 }).map((max) => ({ label: "rack", max }))),
    offline: fc.record({
      doneAtPercent: fc.option(fc.integer({ min: 1, max: 100 })),
      expireAfterMs: fc.option(fc.constantFrom(MINUTE, 10 * MINUTE)),
    }),
    sliceLabels: fc.constantFrom([], ["rack"]),
    maxDownloads: fc.option(fc.integer({ min: 1, max: 3 })),
  })
  .map(({ threshold, action, ...rest }) =>
    aSpec({ ...rest, failurePolicy: { threshold, action, silentAfterMs: MINUTE } }),
  );

/** Small fleets with every kind of fault, each often enough to meet the others. */
export const sceneArbitrary: fc.Arbitrary<Scene> = fc.record({
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
      const { state, quarantine } = record.rollout;
      if (state.kind === "running" && quarantine.slices.length > 0) return operate(record, "resume", now);
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

/** Runs a scene to its end. */
export function runScene(
  scene: Scene,
  observe: (step: WorldStep) => void = () => {},
): { readonly record: RolloutRecord } {
  const { rollout, targets } = recordOf(scene);
  return runRollout(rollout, targets, scene.agents, worldScript(scene, observe));
}
