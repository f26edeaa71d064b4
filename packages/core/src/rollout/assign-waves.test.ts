import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { assignWaves, waveSizes } from "./assign-waves.ts";
import { WAVE_PRESETS, type Strategy, type WaveEnd } from "./rollout.ts";

const inWaves = (...waves: readonly WaveEnd[]): Strategy => ({
  kind: "waves",
  waves,
  settleMs: 0,
  approval: "automatic",
});
const preset = inWaves(...WAVE_PRESETS["5/25/100"]);
const everyone = (count: number) => Array.from({ length: count }, (_, index) => `agent-${index}`);

describe("the sizes of waves", () => {
  test.each<[string, Strategy, number, readonly number[]]>([
    ["5/25/100 of 2,400", preset, 2400, [120, 480, 1800]],
    ["5/25/100 of 8: one canary at least, and shares are rounded down", preset, 8, [1, 1, 6]],
    ["5/25/100 of 3: a wave that would be empty is left out", preset, 3, [1, 2]],
    ["5/25/100 of 1", preset, 1, [1]],
    ["5/25/100 of nobody", preset, 0, []],
    ["29 percent of 100", inWaves({ percent: 29 }, { percent: 100 }), 100, [29, 71]],
    ["1, 10, then all", inWaves({ count: 1 }, { count: 10 }, { percent: 100 }), 25, [1, 9, 15]],
    ["counts beyond the cohort", inWaves({ count: 50 }, { percent: 100 }), 25, [25]],
    [
      "a share below the count before",
      inWaves({ count: 10 }, { percent: 5 }, { percent: 100 }),
      40,
      [10, 30],
    ],
    ["immediate", { kind: "immediate" }, 7, [7]],
    ["batches", { kind: "batches", size: 2, delayMs: 1 }, 7, [7]],
  ])("%s", (_, strategy, total, sizes) => expect(waveSizes(strategy, total)).toEqual(sizes));
});

describe("the members of waves", () => {
  test("every agent is in exactly one wave, and the waves have their sizes", () => {
    const ends = fc.array(fc.integer({ min: 1, max: 99 }), { maxLength: 5 });
    fc.assert(
      fc.property(ends, fc.nat({ max: 200 }), fc.string(), (percents, total, rolloutId) => {
        const rising = [...new Set(percents)].toSorted((a, b) => a - b).map((percent) => ({ percent }));
        const strategy = inWaves(...rising, { percent: 100 });
        const ids = everyone(total);
        const waves = assignWaves(strategy, rolloutId, ids);
        expect(waves.flat().toSorted()).toEqual(ids.toSorted());
        expect(waves.map(({ length }) => length)).toEqual(waveSizes(strategy, total));
        expect(waves.every(({ length }) => length > 0)).toBe(true);
      }),
    );
  });

  test("do not depend on the order in which the agents are given", () => {
    const ids = everyone(50);
    expect(assignWaves(preset, "r1", ids.toReversed())).toEqual(assignWaves(preset, "r1", ids));
  });

  test("over many rollouts the canary is hardly ever the same host", () => {
    const ids = everyone(20);
    const canaries = Array.from(
      { length: 400 },
      (_, index) => assignWaves(preset, `rollout-${index}`, ids)[0]![0]!,
    );
    const turns = new Map<string, number>();
    for (const canary of canaries) turns.set(canary, (turns.get(canary) ?? 0) + 1);
    expect(turns.size).toBe(20);
    // 20 turns are to be expected of each; three standard deviations are 13.
    expect(Math.max(...turns.values())).toBeLessThan(40);
  });
});
