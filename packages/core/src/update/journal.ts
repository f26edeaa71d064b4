import { compareVersions, type Version } from "../release/version.ts";
import { transitionHost, type HostEvent } from "./host-machine.ts";
import type { HostState, Journal, Recovery } from "./host.ts";

/** How many rolled back releases a host remembers. */
export const BAD_MAX = 32;

/** The journal of a host on which nothing has happened yet. */
export const NEW_JOURNAL: Journal = {
  schema: 1,
  generation: 0,
  state: { kind: "steady" },
  floor: null,
  bad: [],
  recovery: null,
};

/** The journal after an event; `HOST_TRANSITION_INVALID`. A commit raises the floor, a rollback is remembered. */
export function advanceJournal(journal: Journal, event: HostEvent): Journal {
  const state = transitionHost(journal.state, event);
  return {
    ...journal,
    generation: journal.generation + 1,
    state,
    floor: state.kind === "committed" ? higherVersion(journal.floor, state.attempt.floor) : journal.floor,
    bad: event.kind === "rolled_back" ? withBad(journal) : journal.bad,
  };
}

/** The journal after a committed version was left for the one before; the one that is left is remembered as bad. */
export function recordRecovery(journal: Journal, recovery: Recovery): Journal {
  const { fromVersion: version, manifestDigest } = recovery;
  return {
    ...journal,
    generation: journal.generation + 1,
    bad: remembered(journal.bad, { version, manifestDigest }),
    recovery,
  };
}

/** The journal with at least this floor: a floor never falls. */
export function raiseFloor(journal: Journal, floor: Version | null): Journal {
  const raised = higherVersion(journal.floor, floor);
  return raised === journal.floor
    ? journal
    : { ...journal, generation: journal.generation + 1, floor: raised };
}

/** The journal without the memory of one bad version. */
export function forgetVersion(journal: Journal, version: Version): Journal {
  const bad = journal.bad.filter((entry) => entry.version !== version);
  return bad.length === journal.bad.length
    ? journal
    : { ...journal, generation: journal.generation + 1, bad };
}

/** The higher of two versions; null is below all. */
export function higherVersion(a: Version | null, b: Version | null): Version | null {
  if (a === null || b === null) return a ?? b;
  return compareVersions(a, b) >= 0 ? a : b;
}

function withBad({ state, bad }: Journal): Journal["bad"] {
  if (!ranAndFailed(state)) return bad;
  const { toVersion: version, manifestDigest } = state.attempt;
  return remembered(bad, { version, manifestDigest });
}

function remembered(bad: Journal["bad"], release: Journal["bad"][number]): Journal["bad"] {
  const others = bad.filter((entry) => entry.manifestDigest !== release.manifestDigest);
  return [...others, release].slice(-BAD_MAX);
}

/** A switch that was cut off, or a tree that the disk damaged, says nothing against the release. */
function ranAndFailed(state: HostState): state is HostState & { readonly kind: "rolling_back" } {
  return state.kind === "rolling_back" && state.cause.code.startsWith("PROBATION_");
}
