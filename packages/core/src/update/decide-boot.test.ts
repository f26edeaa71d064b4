import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { hostTimeArbitrary, journalArbitrary, observedArbitrary } from "../testing/host-arbitraries.ts";
import {
  decideBoot,
  type BootAction,
  type Observed,
  type ObservedTree,
  type WayBack,
} from "./decide-boot.ts";
import { advanceJournal, higherVersion, NEW_JOURNAL } from "./journal.ts";
import type { HostState, HostTime, Journal, UpdateAttempt } from "./host.ts";
import { newProbation } from "./probation.ts";

const now: HostTime = { bootId: "boot-1", monotonicMs: 50_000, wallMs: 1_700_000_000_000 };
const attempt: UpdateAttempt = {
  targetId: "target-1",
  product: "acme-agent",
  fromVersion: "1.0.0",
  toVersion: "1.1.0",
  manifestDigest: "a".repeat(64),
  floor: "1.0.0",
  limits: { deadlineMs: 60_000, stabilizationMs: 10_000, maxBoots: 3 },
  startedAt: 0,
};
const intact = (version: string): ObservedTree => ({ version, tree: "intact" });
const broken = (version: string): ObservedTree => ({ version, tree: "broken" });
const unverified = (version: string): ObservedTree => ({ version, tree: "unverified" });
const observed: Observed = {
  trigger: "boot",
  updaterActive: false,
  current: intact("1.0.0"),
  lastGood: null,
  seed: null,
  health: null,
  gateway: "unknown",
  payload: { kind: "unknown" },
};
const journalIn = (state: HostState): Journal => ({ ...NEW_JOURNAL, state });
const decide = (state: HostState, changes: Partial<Observed> = {}) =>
  decideBoot(journalIn(state), { ...observed, ...changes }, now);

/** A host as the decision sees it: carries actions out as the updater does, all at once. */
interface World {
  readonly journal: Journal;
  readonly observed: Observed;
  readonly outcomes: number;
}

function carryOut(world: World, action: BootAction): World {
  const { journal } = world;
  switch (action.kind) {
    case "advance":
      return { ...world, journal: advanceJournal(journal, action.event) };
    case "heal":
      return { ...world, observed: pointed(world.observed, action.to) };
    case "abandon":
      return {
        ...world,
        outcomes: world.outcomes + 1,
        journal: advanceJournal(journal, { kind: "abandoned" }),
      };
    case "finalize":
      return {
        ...world,
        outcomes: world.outcomes + 1,
        journal: advanceJournal(journal, { kind: "finalized" }),
      };
    case "roll_back":
      return {
        observed: action.to === null ? world.observed : pointed(world.observed, action.to),
        outcomes: world.outcomes + 1,
        journal: advanceJournal(journal, { kind: "rolled_back" }),
      };
    case "start":
    case "wait":
      return action.record === null ? world : { ...world, journal: advanceJournal(journal, action.record) };
    case "no_version":
      return world;
  }
}

function pointed(seen: Observed, { source, version }: WayBack): Observed {
  if (source === "current") return seen;
  return { ...seen, current: source === "seed" ? intact(version) : seen.lastGood };
}

const ENDS = ["start", "wait", "no_version"];
function settle(world: World, at: HostTime) {
  let settled = world;
  for (let round = 1; round <= 8; round += 1) {
    const action = decideBoot(settled.journal, settled.observed, at);
    settled = carryOut(settled, action);
    if (ENDS.includes(action.kind)) return { world: settled, action };
  }
  throw new Error("it does not come to an end");
}

const freeze = <T>(value: T): T => {
  if (typeof value === "object" && value !== null) Object.values(Object.freeze(value)).forEach(freeze);
  return value;
};
const worldArbitrary: fc.Arbitrary<World> = fc.record({
  journal: journalArbitrary.map(freeze),
  observed: observedArbitrary.map(freeze),
  outcomes: fc.constant(0),
});

describe("whatever the journal says and the disk holds", () => {
  test("the decision comes to an end, at a boot with something to start if there is anything", () => {
    fc.assert(
      fc.property(worldArbitrary, hostTimeArbitrary, (world, at) => {
        const { action, world: after } = settle(world, at);
        const { current, lastGood, seed, trigger } = world.observed;
        const something = seed !== null || [current, lastGood].some((tree) => tree && tree.tree !== "broken");
        const watching = trigger === "watch" && after.journal.state.kind === "probation";
        expect(action.kind).toBe(watching ? "wait" : something ? "start" : "no_version");
      }),
      { numRuns: 2000 },
    );
  });

  test("what is started is what current points at, and is not broken", () => {
    fc.assert(
      fc.property(worldArbitrary, hostTimeArbitrary, (world, at) => {
        const { action, world: after } = settle(world, at);
        const { current } = after.observed;
        fc.pre(action.kind === "start");
        const tree = action.verified ? "intact" : "unverified";
        expect(current).toEqual({ version: action.version, tree });
      }),
      { numRuns: 2000 },
    );
  });

  test("the floor does not fall, and an update that ends leaves one outcome", () => {
    fc.assert(
      fc.property(worldArbitrary, hostTimeArbitrary, (world, at) => {
        const { world: after } = settle(world, at);
        expect(higherVersion(after.journal.floor, world.journal.floor)).toBe(after.journal.floor);
        const ended = world.journal.state.kind !== "steady" && after.journal.state.kind === "steady";
        expect(after.outcomes).toBe(ended ? 1 : 0);
      }),
      { numRuns: 2000 },
    );
  });

  test("being cut off after any action and starting again ends the same way", () => {
    fc.assert(
      fc.property(worldArbitrary, hostTimeArbitrary, fc.nat(6), (world, at, cut) => {
        const boot: World = {
          ...world,
          observed: { ...world.observed, trigger: "boot", updaterActive: false },
        };
        let interrupted = boot;
        for (let round = 0; round < cut; round += 1) {
          const action = decideBoot(interrupted.journal, interrupted.observed, at);
          if (ENDS.includes(action.kind)) break;
          interrupted = carryOut(interrupted, action);
        }
        expect(settle(interrupted, at).action).toEqual(settle(boot, at).action);
      }),
      { numRuns: 1000 },
    );
  });
});

describe("steady", () => {
  const steady = { kind: "steady" } as const;

  test.for<[string, Partial<Observed>, Partial<BootAction>]>([
    ["an intact current is started", {}, { kind: "start", version: "1.0.0", verified: true }],
    [
      "a broken current heals to last-good before the seed",
      { current: broken("1.0.0"), lastGood: intact("0.9.0"), seed: "0.8.0" },
      { kind: "heal", to: { source: "last_good", version: "0.9.0" } },
    ],
    [
      "with both broken it heals from the seed",
      { current: broken("1.0.0"), lastGood: broken("0.9.0"), seed: "0.8.0" },
      { kind: "heal", to: { source: "seed", version: "0.8.0" } },
    ],
    ["a new host starts from the seed", { current: null, seed: "0.8.0" }, { kind: "heal" }],
    [
      "a current whose signatures cannot be verified is started all the same when there is nothing better",
      { current: unverified("1.0.0"), lastGood: unverified("0.9.0") },
      { kind: "start", version: "1.0.0", verified: false },
    ],
    [
      "a current whose signatures do not verify gives way to one whose do",
      { current: unverified("1.0.0"), lastGood: intact("0.9.0") },
      { kind: "heal", to: { source: "last_good", version: "0.9.0" } },
    ],
    ["with nothing at all there is nothing to start", { current: null }, { kind: "no_version" }],
  ])("%s", ([, changes, expected]) => {
    expect(decide(steady, changes)).toMatchObject(expected);
  });
});

describe("an interrupted update", () => {
  test("that was staged is abandoned", () => {
    const staged = { kind: "staged", attempt } as const;
    expect(decide(staged)).toEqual({ kind: "abandon", state: staged });
    expect(decide(staged, { trigger: "watch" })).toEqual({ kind: "abandon", state: staged });
  });

  test("that another process is staging at the moment is left alone", () => {
    expect(decide({ kind: "staged", attempt }, { updaterActive: true })).toMatchObject({ kind: "start" });
  });

  test("that had switched goes on to its probation", () => {
    expect(decide({ kind: "activating", attempt }, { current: intact("1.1.0") })).toEqual({
      kind: "advance",
      event: { kind: "switched", probation: newProbation(now) },
    });
  });

  test.for([intact("1.0.0"), broken("1.1.0"), null])("that had not switched is undone: %j", (current) => {
    expect(decide({ kind: "activating", attempt }, { current })).toMatchObject({
      kind: "advance",
      event: { kind: "failed", cause: { code: "UPDATE_INTERRUPTED" } },
    });
  });

  test("that was going back goes on going back", () => {
    const state: HostState = {
      kind: "rolling_back",
      attempt,
      probation: newProbation(now),
      cause: { code: "PROBATION_CRASHED", message: "" },
    };
    const to = (changes: Partial<Observed>) => decide(state, changes);
    expect(to({ current: intact("1.1.0"), lastGood: intact("1.0.0") })).toMatchObject({
      to: { source: "last_good", version: "1.0.0" },
    });
    expect(to({ current: intact("1.0.0"), lastGood: intact("1.0.0") })).toMatchObject({
      to: { source: "current", version: "1.0.0" },
    });
    expect(to({ current: intact("1.1.0"), lastGood: broken("1.0.0"), seed: "0.9.0" })).toMatchObject({
      to: { source: "seed", version: "0.9.0" },
    });
    expect(to({ current: intact("1.1.0"), lastGood: broken("1.0.0") })).toMatchObject({ to: null });
  });
});

describe("on probation, at a start", () => {
  const probation = newProbation(now);
  const state = (boots: number): HostState => ({
    kind: "probation",
    attempt,
    probation: { ...probation, boots },
  });
  const trees = { current: intact("1.1.0"), lastGood: intact("1.0.0") };

  test("each start up to the limit is counted and allowed", () => {
    for (const boots of [0, 1, 2]) {
      expect(decide(state(boots), trees)).toEqual({
        kind: "start",
        version: "1.1.0",
        verified: true,
        record: { kind: "observed", probation: { ...probation, boots: boots + 1 } },
      });
    }
  });

  test("the next one goes back", () => {
    expect(decide(state(3), trees)).toMatchObject({
      event: { kind: "failed", cause: { code: "PROBATION_CRASHED" } },
    });
  });

  test("starts are counted while the gateway accepts nobody, too", () => {
    const seen = { ...trees, gateway: "unreachable" } as const;
    expect(decide(state(3), seen)).toMatchObject({ event: { cause: { code: "PROBATION_CRASHED" } } });
  });

  test("damaged files go back at once", () => {
    const seen = { ...trees, current: broken("1.1.0") };
    expect(decide(state(0), seen)).toMatchObject({ event: { cause: { code: "ARCHIVE_TREE_MISMATCH" } } });
  });

  test("a current that was moved by someone else ends the update", () => {
    expect(decide(state(0), {})).toMatchObject({ event: { cause: { code: "UPDATE_INTERRUPTED" } } });
  });
});

describe("on probation, watching", () => {
  const probation = newProbation(now);
  const state: HostState = { kind: "probation", attempt, probation };
  const trees = { trigger: "watch", current: intact("1.1.0"), lastGood: intact("1.0.0") } as const;
  const later = (ms: number) => ({ ...now, monotonicMs: now.monotonicMs + ms });

  test("a look that shows nothing new is not written down", () => {
    const action = decideBoot(journalIn(state), { ...observed, ...trees }, later(500));
    expect(action).toEqual({ kind: "wait", record: null });
  });

  test("time that passed is written down now and then", () => {
    const action = decideBoot(journalIn(state), { ...observed, ...trees }, later(2000));
    expect(action).toMatchObject({
      kind: "wait",
      record: { kind: "observed", probation: { spentMs: 2000 } },
    });
  });

  test("a version that is steady is committed, and then the good outcome is left", () => {
    const at = later(20_000);
    const health = {
      schema: 1,
      version: "1.1.0",
      bootId: "boot-1",
      pid: 1,
      writtenAtMs: at.monotonicMs,
      connectedSinceMs: at.monotonicMs - 10_000,
      checks: [],
    } as const;
    const seenBefore: HostState = {
      ...state,
      probation: { ...probation, healthySinceMs: at.monotonicMs - 10_000, lastSeenMs: at.monotonicMs - 1000 },
    };
    const world = {
      journal: journalIn(seenBefore),
      observed: { ...observed, ...trees, health },
      outcomes: 0,
    };
    expect(settle(world, at)).toMatchObject({
      action: { kind: "start", version: "1.1.0" },
      world: { outcomes: 1, journal: { state: { kind: "steady" }, floor: "1.0.0" } },
    });
  });

  test("a version that is late goes back and is remembered", () => {
    const late: HostState = { ...state, probation: { ...probation, spentMs: 60_000 } };
    const world = { journal: journalIn(late), observed: { ...observed, ...trees }, outcomes: 0 };
    expect(settle(world, later(1))).toMatchObject({
      action: { kind: "start", version: "1.0.0" },
      world: { outcomes: 1, journal: { bad: [{ version: "1.1.0" }] } },
    });
  });
});
