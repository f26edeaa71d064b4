import { describe, expect, test } from "vitest";
import { aRollout, aSpec, aTarget, aWave, START } from "../testing/index.ts";
import { nextWakeAt } from "./next-wake.ts";
import type { Rollout, Target } from "./rollout.ts";

const MINUTE = 60_000;
const running: Partial<Rollout> = { state: { kind: "running" }, waves: [aWave(0, { kind: "open" })] };

function wake(rollout: Partial<Rollout>, targets: readonly Target[] = [], after = 0): number | null {
  return wakeWithHours(rollout, targets, { after, hoursChangeAt: null });
}

function wakeWithHours(
  rollout: Partial<Rollout>,
  targets: readonly Target[],
  { after = 0, hoursChangeAt }: { readonly after?: number; readonly hoursChangeAt: number | null },
): number | null {
  const now = START + after;
  return nextWakeAt({ rollout: aRollout(rollout), targets, now, listeningSince: 0, hoursChangeAt });
}

test("what still waits is looked at again when hours change", () => {
  const hoursChangeAt = START + 5;
  expect(wakeWithHours(running, [aTarget("a")], { hoursChangeAt })).toBe(START + 5);
  expect(wakeWithHours(running, [aTarget("a", { kind: "healthy" })], { hoursChangeAt })).toBeNull();
  const paused = { ...running, state: { kind: "paused", cause: "operator" } } as const;
  expect(wakeWithHours(paused, [aTarget("a")], { hoursChangeAt })).toBeNull();
});

test("nothing to wait for: only a report or an operator moves it", () => {
  expect(wake(running, [aTarget("a")])).toBeNull();
  expect(wake({ ...running, state: { kind: "paused", cause: "operator" } }, [aTarget("a")])).toBeNull();
});

test("a scheduled rollout wakes at its start time", () => {
  const spec = aSpec({ startAt: START + 5 });
  expect(wake({ spec })).toBe(START + 5);
  expect(wake({ spec, state: { kind: "running" } })).toBe(START + 5);
  expect(wake({ spec, state: { kind: "canceled" } })).toBeNull();
});

describe("a target under way", () => {
  const spec = aSpec({ deadlines: { ...aSpec().deadlines, staging: 3 * MINUTE } });
  const targets = [aTarget("a", { kind: "staging" })];

  test("wakes when it falls silent, then at its deadline", () => {
    expect(wake({ ...running, spec }, targets)).toBe(START + MINUTE);
    expect(wake({ ...running, spec }, targets, MINUTE)).toBe(START + 3 * MINUTE);
    expect(wake({ ...running, spec }, targets, 3 * MINUTE)).toBeNull();
  });

  test.each([
    { kind: "paused", cause: "failure_threshold" },
    { kind: "canceled" },
    { kind: "rolling_back" },
  ] as const)("wakes a rollout that is $kind too", (state) =>
    expect(wake({ ...running, spec, state }, targets)).toBe(START + MINUTE),
  );

  test("the earliest of all targets counts", () => {
    const later = aTarget("b", { kind: "staging" }, { progressAt: START + 9 });
    expect(wake({ ...running, spec }, [later, ...targets])).toBe(START + MINUTE);
  });
});

test("a settling wave wakes when it has settled, unless the rollout is paused", () => {
  const waves = [aWave(0, { kind: "settling", until: START + MINUTE }), aWave(1)];
  expect(wake({ ...running, waves })).toBe(START + MINUTE);
  expect(wake({ state: { kind: "paused", cause: "operator" }, waves })).toBeNull();
});

test("a batch wakes when it is due, if there is anyone left for it", () => {
  const spec = aSpec({ strategy: { kind: "batches", size: 1, delayMs: MINUTE } });
  const batches = { ...running, spec, lastBatchAt: START };
  expect(wake(batches, [aTarget("a")])).toBe(START + MINUTE);
  expect(wake(batches, [aTarget("a", { kind: "healthy" })])).toBeNull();
  expect(wake({ ...batches, lastBatchAt: null }, [aTarget("a")])).toBeNull();
});

test("a waiting target may have to be given up when its agent stays away for too long, but not in a rollout that stands", () => {
  const spec = aSpec({ offline: { doneAtPercent: null, expireAfterMs: 5 * MINUTE } });
  expect(wake({ ...running, spec }, [aTarget("a")])).toBe(START + 5 * MINUTE);
  const retried = aTarget("a", { kind: "pending" }, { since: START + MINUTE });
  expect(wake({ ...running, spec }, [retried])).toBe(START + 6 * MINUTE);
  expect(wake({ ...running, spec }, [aTarget("a")], 5 * MINUTE)).toBeNull();
  const paused = { kind: "paused", cause: "operator" } as const;
  expect(wake({ ...running, spec, state: paused }, [aTarget("a")])).toBeNull();
  expect(wake({ ...running, spec, waves: [aWave(0)] }, [aTarget("a")])).toBeNull();
});
