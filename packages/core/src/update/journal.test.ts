import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  attemptArbitrary,
  journalArbitrary,
  probationArbitrary,
  versionArbitrary,
} from "../testing/host-arbitraries.ts";
import { compareVersions } from "../release/version.ts";
import type { HostEvent } from "./host-machine.ts";
import { advanceJournal, BAD_MAX, forgetVersion, higherVersion, NEW_JOURNAL, raiseFloor } from "./journal.ts";
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

test("a floor never falls, and the generation rises by one with every event", () => {
  fc.assert(
    fc.property(journalArbitrary, eventArbitrary, (journal, event) => {
      let next: Journal;
      try {
        next = advanceJournal(journal, event);
      } catch {
        return;
      }
      expect(next.generation).toBe(journal.generation + 1);
      if (journal.floor !== null)
        expect(compareVersions(next.floor!, journal.floor)).toBeGreaterThanOrEqual(0);
      expect(next.bad.length).toBeLessThanOrEqual(BAD_MAX);
    }),
  );
});

describe("a commit", () => {
  const committing = (floor: string | null, manifestFloor: string | null) =>
    advanceJournal(
      {
        ...NEW_JOURNAL,
        floor,
        state: { kind: "probation", attempt: { ...attempt, floor: manifestFloor }, probation: probation! },
      },
      { kind: "committed", probation: probation! },
    ).floor;

  test.for([
    [null, "1.1.0", "1.1.0"],
    ["1.0.0", "1.1.0", "1.1.0"],
    ["2.0.0", "1.1.0", "2.0.0"],
    ["1.0.0", null, "1.0.0"],
    [null, null, null],
  ] as const)("turns a floor of %s and a manifest's of %s into %s", ([floor, manifestFloor, expected]) => {
    expect(committing(floor, manifestFloor)).toBe(expected);
  });
});

describe("the memory of bad releases", () => {
  const after = (state: HostState, bad: Journal["bad"] = []) =>
    advanceJournal({ ...NEW_JOURNAL, state, bad }, { kind: "rolled_back" }).bad;
  const entry = { version: attempt.toVersion, manifestDigest: attempt.manifestDigest };

  test("takes what failed its probation", () => {
    expect(after(rollingBack("PROBATION_CRASHED"))).toEqual([entry]);
  });

  test("does not blame a release for a switch that was cut off", () => {
    expect(after(rollingBack("UPDATE_INTERRUPTED"))).toEqual([]);
  });

  test("keeps each release once and the newest last", () => {
    const other = { version: "0.1.0", manifestDigest: "c".repeat(64) };
    expect(after(rollingBack("PROBATION_CRASHED"), [entry, other])).toEqual([other, entry]);
  });

  test("drops the oldest when it is full", () => {
    const full = Array.from({ length: BAD_MAX }, (_, index) => ({
      version: `0.0.${index}`,
      manifestDigest: index.toString(16).padStart(64, "0"),
    }));
    expect(after(rollingBack("PROBATION_CRASHED"), full)).toEqual([...full.slice(1), entry]);
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
