import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  attemptArbitrary,
  journalArbitrary,
  probationArbitrary,
  versionArbitrary,
} from "../testing/host-arbitraries.ts";
import { MusterError } from "../errors.ts";
import type { HostEvent } from "./host-machine.ts";
import {
  advanceJournal,
  BAD_MAX,
  forgetVersion,
  higherVersion,
  NEW_JOURNAL,
  raiseFloor,
  recordRecovery,
} from "./journal.ts";
import type { HostState, Journal, UpdateAttempt } from "./host.ts";

const [attempt] = fc.sample(attemptArbitrary, { seed: 3, numRuns: 1 }) as [UpdateAttempt];
const [probation] = fc.sample(probationArbitrary, { seed: 3, numRuns: 1 });
const rollingBack = (code: "PROBATION_CRASHED" | "UPDATE_INTERRUPTED", which = attempt): HostState => ({
  kind: "rolling_back",
  attempt: which,
  probation: probation!,
  cause: { code, message: "" },
});
const eventArbitrary: fc.Arbitrary<HostEvent> = fc.oneof(
  attemptArbitrary.map((taken) => ({ kind: "taken", attempt: taken }) as const),
  probationArbitrary.map((seen) => ({ kind: "committed", probation: seen }) as const),
  fc.constantFrom("abandoned", "switch_begun", "finalized", "rolled_back").map((kind) => ({ kind }) as const),
);

/** The journal after an event, or the same one if the event has no meaning in its state. */
function advanced(journal: Journal, event: HostEvent): Journal {
  try {
    return advanceJournal(journal, event);
  } catch (error) {
    if (error instanceof MusterError && error.code === "HOST_TRANSITION_INVALID") return journal;
    throw error;
  }
}

/** The floor after a commit on a host with one floor, by a manifest with another. */
function committed(floor: string | null, manifestFloor: string | null): string | null {
  const state: HostState = {
    kind: "probation",
    attempt: { ...attempt, floor: manifestFloor },
    probation: probation!,
  };
  const journal: Journal = { ...NEW_JOURNAL, floor, state };
  return advanceJournal(journal, { kind: "committed", probation: probation! }).floor;
}

function badAfter(state: HostState, bad: Journal["bad"] = []): Journal["bad"] {
  return advanceJournal({ ...NEW_JOURNAL, state, bad }, { kind: "rolled_back" }).bad;
}

test("a floor never falls, and the generation rises by one with every event", () => {
  fc.assert(
    fc.property(journalArbitrary, eventArbitrary, (journal, event) => {
      const next = advanced(journal, event);
      expect(next.generation).toBe(journal.generation + (next === journal ? 0 : 1));
      expect(higherVersion(next.floor, journal.floor)).toBe(next.floor);
      expect(next.bad.length).toBeLessThanOrEqual(BAD_MAX);
    }),
  );
});

describe("a commit", () => {
  test.for([
    [null, "1.1.0", "1.1.0"],
    ["1.0.0", "1.1.0", "1.1.0"],
    ["2.0.0", "1.1.0", "2.0.0"],
    ["1.0.0", null, "1.0.0"],
    [null, null, null],
  ] as const)("turns a floor of %s and a manifest's of %s into %s", ([floor, manifestFloor, expected]) => {
    expect(committed(floor, manifestFloor)).toBe(expected);
  });
});

describe("the memory of bad releases", () => {
  const entry = { version: attempt.toVersion, manifestDigest: attempt.manifestDigest };

  test("takes what failed its probation", () => {
    expect(badAfter(rollingBack("PROBATION_CRASHED"))).toEqual([entry]);
  });

  test("does not blame a release for a switch that was cut off", () => {
    expect(badAfter(rollingBack("UPDATE_INTERRUPTED"))).toEqual([]);
  });

  test("keeps each release once and the newest last", () => {
    const other = { version: "0.1.0", manifestDigest: "c".repeat(64) };
    expect(badAfter(rollingBack("PROBATION_CRASHED"), [entry, other])).toEqual([other, entry]);
  });

  test("drops the oldest when it is full", () => {
    const full = Array.from({ length: BAD_MAX }, (_, index) => ({
      version: `0.0.${index}`,
      manifestDigest: index.toString(16).padStart(64, "0"),
    }));
    expect(badAfter(rollingBack("PROBATION_CRASHED"), full)).toEqual([...full.slice(1), entry]);
  });

  test("forgets a version when asked, and only then changes", () => {
    const journal = { ...NEW_JOURNAL, bad: [entry] };
    expect(forgetVersion(journal, entry.version)).toEqual({ ...journal, generation: 1, bad: [] });
    expect(forgetVersion(journal, "9.9.9")).toBe(journal);
  });
});

test("raising a floor to a lower one changes nothing", () => {
  fc.assert(
    fc.property(journalArbitrary, fc.option(versionArbitrary, { nil: null }), (journal, floor) => {
      const raised = raiseFloor(journal, floor);
      expect(raised.floor).toBe(higherVersion(journal.floor, floor));
      expect(raised === journal).toBe(raised.floor === journal.floor);
    }),
  );
});

test("a version that is left for the one before it is remembered as bad, once", () => {
  const recovery = { fromVersion: "1.1.0", toVersion: "1.0.0", manifestDigest: "a".repeat(64), at: 1 };
  const once = recordRecovery(NEW_JOURNAL, recovery);
  expect(once).toMatchObject({ generation: 1, recovery, state: { kind: "steady" } });
  expect(recordRecovery(once, { ...recovery, at: 2 }).bad).toEqual([
    { version: "1.1.0", manifestDigest: "a".repeat(64) },
  ]);
});
