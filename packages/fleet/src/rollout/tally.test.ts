import { countTargets, type Rollout, type Target, TARGET_TRANSITIONS, type TargetState } from "@muster/core";
import { targetPageSchema } from "@muster/protocol/http";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { insertAll } from "../store/bulk.ts";
import { type Database, openDatabase } from "../store/database.ts";
import { anAgent, aRelease, aRolloutRow } from "../testing/rows.ts";
import { newTargetRow, toRollout, waveRow } from "./mapping.ts";
import type { TargetGroup } from "./ports.ts";
import { readTargets } from "./read-targets.ts";
import { noCounts, readTallies } from "./tally.ts";

const NOW = 1_000_000;
const KINDS = Object.keys(TARGET_TRANSITIONS) as TargetState["kind"][];
let db: Database;

beforeEach(async () => {
  db = await openDatabase({ path: ":memory:" });
  await insertAll(db, "releases", [aRelease("2.0.0")]);
  const agents = Array.from({ length: 12 }, (_, index) => anAgent(`a${index}`));
  await insertAll(db, "agents", agents);
  await insertAll(db, "rollouts", [aRolloutRow()]);
  const waves = [0, 1].map((index) => waveRow("r1", aWave(index)));
  await insertAll(db, "waves", waves);
});
afterEach(async () => {
  await db.destroy();
});

function aWave(index: number): Rollout["waves"][number] {
  return {
    index,
    state: { kind: "open" },
    since: 1,
    approved: false,
    approvedBy: [],
    openedAt: 1000,
    forgivenBefore: 0,
    reason: null,
  };
}

function stateOf(kind: TargetState["kind"]): TargetState {
  if (kind === "failed" || kind === "rolled_back") return { kind, code: "DISK_SHORT", message: "no room" };
  return kind === "downloading" ? { kind, receivedBytes: 1, totalBytes: 2 } : { kind };
}

/** One agent's history in the rollout: attempts, and perhaps a return at the end. */
const history = fc.record({
  wave: fc.constantFrom(0, 1),
  updates: fc.array(fc.constantFrom(...KINDS), { minLength: 1, maxLength: 3 }),
  returned: fc.option(fc.constantFrom(...KINDS)),
  progressAt: fc.constantFrom(NOW - 10_000, NOW - 65_000, NOW - 75_000),
});

type History = typeof history extends fc.Arbitrary<infer T> ? T : never;

function targetsOf(histories: readonly History[]): Target[] {
  let count = 0;
  return histories.flatMap(({ wave, updates, returned, progressAt }, index) => {
    const make = (kind: TargetState["kind"], purpose: Target["purpose"], attempt: number): Target => ({
      id: `t${String((count += 1)).padStart(3, "0")}`,
      rolloutId: "r1",
      agentId: `a${index}`,
      purpose,
      attempt,
      wave,
      fromVersion: "1.0.0",
      toVersion: "2.0.0",
      state: stateOf(kind),
      since: 1,
      progressAt,
      reason: null,
    });
    const attempts = updates.map((kind, attempt) => make(kind, "update", attempt + 1));
    return returned === null ? attempts : [...attempts, make(returned, "return", 1)];
  });
}

async function store(targets: readonly Target[]): Promise<void> {
  await db.deleteFrom("targets").execute();
  const last = new Map(targets.map((target) => [target.agentId, target.id]));
  const rows = targets.map((target) => {
    const newest = last.get(target.agentId) === target.id ? 1 : 0;
    return { ...newTargetRow(target), standing: newest, latest: newest };
  });
  await insertAll(db, "targets", rows);
}

test("counts in SQL are core's counts, and each group lists as many as it counts", async () => {
  const waveRows = await db.selectFrom("waves").selectAll().orderBy("wave_index").execute();
  const rollout = toRollout(aRolloutRow(), waveRows);
  await fc.assert(
    fc.asyncProperty(
      fc.array(history, { minLength: 1, maxLength: 12 }),
      fc.constantFrom(0, NOW - 5000),
      async (histories, listeningSince) => {
        const targets = targetsOf(histories);
        await store(targets);
        const hearing = { now: NOW, listeningSince };
        const expected = countTargets({ rollout, targets, now: NOW, listeningSince });
        const tally = (await readTallies(db, ["r1"], hearing)).get("r1");
        expect(tally?.total).toEqual(expected.total);
        expect(tally?.touched).toBe(expected.touched);
        const waves = expected.waves.map((_, index) => tally?.waves.get(index) ?? noCounts());
        expect(waves).toEqual(expected.waves);
        const { total } = expected;
        const sizes: Record<TargetGroup, number> = {
          pending: total.pending,
          in_progress: total.inProgress,
          healthy: total.healthy,
          failed: total.failed,
          rolled_back: total.rolledBack,
          silent: total.silent,
          canceled: total.canceled,
        };
        for (const group of Object.keys(sizes) as TargetGroup[]) {
          const page = await readTargets(db, "r1", { query: { limit: 500, group }, hearing });
          expect([group, page.items.length, page.total]).toEqual([group, sizes[group], sizes[group]]);
          expect(targetPageSchema.parse(page)).toEqual(page);
        }
      },
    ),
    { numRuns: 60 },
  );
});
