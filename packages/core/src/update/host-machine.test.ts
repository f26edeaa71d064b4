import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { attemptArbitrary, hostStateArbitrary, probationArbitrary } from "../testing/host-arbitraries.ts";
import { transitionHost, type HostEvent } from "./host-machine.ts";
import { HOST_TRANSITIONS, type HostState } from "./host.ts";

/** For each state, what each event that has a meaning there leads to. */
const MEANINGS: {
  readonly [State in HostState["kind"]]: { readonly [Event in HostEvent["kind"]]?: HostState["kind"] };
} = {
  steady: { taken: "staged" },
  staged: { abandoned: "steady", switch_begun: "activating" },
  activating: { switched: "probation", failed: "rolling_back" },
  probation: { observed: "probation", committed: "committed", failed: "rolling_back" },
  committed: { finalized: "steady" },
  rolling_back: { rolled_back: "steady" },
};

const [attempt] = fc.sample(attemptArbitrary, { seed: 1, numRuns: 1 });
const [probation] = fc.sample(probationArbitrary, { seed: 1, numRuns: 1 });
const cause = { code: "PROBATION_CRASHED", message: "it ended" } as const;
const states: readonly HostState[] = [
  { kind: "steady" },
  { kind: "staged", attempt: attempt! },
  { kind: "activating", attempt: attempt! },
  { kind: "probation", attempt: attempt!, probation: probation! },
  { kind: "committed", attempt: attempt!, probation: probation! },
  { kind: "rolling_back", attempt: attempt!, probation: probation!, cause },
];
const events: readonly HostEvent[] = [
  { kind: "taken", attempt: attempt! },
  { kind: "abandoned" },
  { kind: "switch_begun" },
  { kind: "switched", probation: probation! },
  { kind: "observed", probation: probation! },
  { kind: "committed", probation: probation! },
  { kind: "failed", cause },
  { kind: "finalized" },
  { kind: "rolled_back" },
];

describe("every state with every event", () => {
  const pairs = states.flatMap((state) =>
    events.map((event) => ({ state, event, leadsTo: MEANINGS[state.kind][event.kind] })),
  );

  test.for(pairs.filter(({ leadsTo }) => leadsTo !== undefined))(
    "$state.kind, $event.kind leads to $leadsTo",
    ({ state, event, leadsTo }) => {
      expect(transitionHost(state, event).kind).toBe(leadsTo);
    },
  );

  test.for(pairs.filter(({ leadsTo }) => leadsTo === undefined))(
    "$state.kind, $event.kind has no meaning",
    ({ state, event }) => {
      const details = { state: state.kind, event: event.kind };
      expect(() => transitionHost(state, event)).toThrow(
        expect.objectContaining({ code: "HOST_TRANSITION_INVALID", details }),
      );
    },
  );

  test("reaches exactly what the table of transitions allows", () => {
    for (const [state, meanings] of Object.entries(MEANINGS)) {
      const reached = [...new Set(Object.values(meanings))].toSorted();
      expect(reached).toEqual(HOST_TRANSITIONS[state as HostState["kind"]].toSorted());
    }
  });
});

test("an update keeps its attempt until it ends", () => {
  fc.assert(
    fc.property(hostStateArbitrary, fc.constantFrom(...events), (state, event) => {
      if (MEANINGS[state.kind][event.kind] === undefined || !("attempt" in state)) return;
      const next = transitionHost(state, event);
      expect("attempt" in next ? next.attempt : null).toEqual(next.kind === "steady" ? null : state.attempt);
    }),
  );
});

test("a switch that failed has no probation to speak of", () => {
  const next = transitionHost({ kind: "activating", attempt: attempt! }, { kind: "failed", cause });
  expect(next).toEqual({ kind: "rolling_back", attempt, probation: null, cause });
});
