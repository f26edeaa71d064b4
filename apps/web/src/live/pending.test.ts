import type { TargetView } from "@muster/protocol/http";
import { expect, test } from "vitest";
import { createFakeFleet } from "../testing/fake-fleet.ts";
import { laterRollout, laterTarget, mergeById } from "./merge.ts";
import { collect, NOTHING_PENDING } from "./pending.ts";

const fleet = createFakeFleet("busy", 60, 1_700_000_000_000);
const rollout = fleet.rollouts()[0]!.view();
const target: TargetView = { ...fleet.rollouts()[0]!.targets()[0]!, state: "downloading", progressAt: 100 };

test("of many events about one thing only the latest is kept", () => {
  const events = [1, 2, 3].map((receivedBytes) => ({ ...target, receivedBytes, progressAt: receivedBytes }));
  const pending = events.reduce(
    (before, each) => collect(before, { event: "targets", data: { rolloutId: rollout.id, targets: [each] } }),
    NOTHING_PENDING,
  );
  expect([...pending.targets.values()].map(({ receivedBytes }) => receivedBytes)).toEqual([3]);
});

test("a reset forgets what came before it and asks for the snapshots", () => {
  const before = collect(NOTHING_PENDING, { event: "rollout", data: rollout });
  expect(collect(before, { event: "reset", data: {} })).toEqual({ ...NOTHING_PENDING, reset: true });
});

test("what comes after a reset is kept beside it", () => {
  const reset = collect(NOTHING_PENDING, { event: "reset", data: {} });
  const after = collect(reset, { event: "overview", data: fleet.overview() });
  expect(after.reset).toBe(true);
  expect(after.overview?.agents).toBe(60);
});

test("collecting changes nothing that was given", () => {
  collect(NOTHING_PENDING, { event: "rollout", data: rollout });
  expect(NOTHING_PENDING.rollouts.size).toBe(0);
});

test("an older revision of a rollout never replaces a newer one, an equal one does", () => {
  const newer = { ...rollout, revision: rollout.revision + 1 };
  expect(laterRollout(newer, rollout)).toBe(newer);
  expect(laterRollout(rollout, newer)).toBe(newer);
  const recounted = { ...rollout, touched: 7 };
  expect(laterRollout(rollout, recounted)).toBe(recounted);
  expect(laterRollout(undefined, rollout)).toBe(rollout);
});

test("a target never goes back a stage, and within one the later report stands", () => {
  const verifying: TargetView = { ...target, state: "verifying", progressAt: 90 };
  expect(laterTarget(verifying, target)).toBe(verifying);
  expect(laterTarget(target, verifying)).toBe(verifying);
  const further = { ...target, receivedBytes: 5, progressAt: 101 };
  expect(laterTarget(further, target)).toBe(further);
});

test("a list in which nothing changed stays the same list", () => {
  const items = [target];
  expect(mergeById(items, new Map(), laterTarget)).toBe(items);
  const changed = mergeById(items, new Map([[target.id, { ...target, progressAt: 200 }]]), laterTarget);
  expect(changed).not.toBe(items);
  expect(changed[0]?.progressAt).toBe(200);
});
