import { describe, expect, test } from "vitest";
import * as fc from "fast-check";
import { MusterError, type TransitionTable } from "@muster/core";
import { ACTIVITY_TRANSITIONS, newAgent, type Activity, type AgentState, type Job } from "./agent-state.ts";
import type { AgentEffect, AgentEvent } from "./event.ts";
import type { Nature } from "./nature.ts";
import type { Profile } from "./profile.ts";
import { step } from "./step.ts";

const JOB: Job = {
  targetId: "t1",
  sequence: 1,
  product: "acme-agent",
  fromVersion: "1.0.0",
  toVersion: "1.1.0",
  downloadPath: "/v1/targets/t1/artifact",
  sha256: "0".repeat(64),
  sizeBytes: 1000,
  stabilizationMs: 500,
};

function natureOf(profile: Profile, change: Partial<Nature> = {}): Nature {
  return { profile, faultsIn: null, hesitateMs: 0, stageMs: 10, restartMs: 100, ...change };
}

const HEALTHY = natureOf({ kind: "healthy" });
const UP: AgentState = { ...newAgent("1.0.0"), link: { kind: "up" } };
const UPDATE: readonly AgentEvent[] = [
  { kind: "assigned", job: JOB },
  { kind: "downloaded" },
  { kind: "due" },
  { kind: "due" },
  { kind: "due" },
  { kind: "welcomed" },
  { kind: "due" },
];

/** Plays events, one a second, and returns the last state and what was said on the way. */
function play(events: readonly AgentEvent[], nature: Nature, from = UP) {
  const effects: AgentEffect[] = [];
  const activities: string[] = [];
  let state = from;
  for (const [index, event] of events.entries()) {
    const next = step(state, event, nature, (index + 1) * 1000);
    state = next.state;
    activities.push(state.activity.kind);
    effects.push(...next.effects);
  }
  const said = effects.flatMap((effect) => {
    if (effect.kind !== "send") return [];
    const { report } = effect;
    if (report.kind === "progress") return [report.progress.stage];
    return report.kind === "outcome" ? [`${report.outcome.result} ${report.outcome.code ?? ""}`.trim()] : [];
  });
  return { state, effects, activities, said };
}

describe("an update", () => {
  test("goes through every stage, changes the version at the restart, and is healthy once it was steady", () => {
    const { state, said, activities } = play(UPDATE, HEALTHY);
    expect(activities).toEqual([
      "downloading",
      "verifying",
      "staging",
      "restarting",
      "probation",
      "probation",
      "idle",
    ]);
    expect(said).toEqual(["downloading", "verifying", "staging", "restarting", "restarting", "healthy"]);
    expect(state.version).toBe("1.1.0");
    expect(state.outcomes).toMatchObject([
      { targetId: "t1", survivingVersion: "1.1.0", fromVersion: "1.0.0", downtimeMs: 2000 },
    ]);
  });

  test("closes the stream before the restart and opens another after it", () => {
    const { effects } = play(UPDATE.slice(0, 5), HEALTHY);
    expect(effects.map(({ kind }) => kind).slice(-4)).toEqual(["send", "disconnect", "wait", "connect"]);
  });

  test("fails before anything is switched when the preflight fails", () => {
    const { state, said } = play(UPDATE, natureOf({ kind: "fails_preflight" }));
    expect(said.at(-1)).toBe("failed PREFLIGHT_FAILED");
    expect(state).toMatchObject({ version: "1.0.0", link: { kind: "up" } });
    expect(state.outcomes[0]?.downtimeMs).toBeNull();
  });

  test("that rolls back reports the version that survived, after it is connected again", () => {
    const { state, said, activities } = play(UPDATE, natureOf({ kind: "rolls_back" }));
    expect(activities.slice(4)).toEqual(["returning", "idle", "idle"]);
    expect(said.at(-1)).toBe("rolled_back PROBATION_CRASHED");
    expect(state.outcomes).toMatchObject([{ survivingVersion: "1.0.0", downtimeMs: 2000 }]);
  });

  test("to another version than the faulty one goes well", () => {
    const nature = natureOf({ kind: "fails_preflight" }, { faultsIn: "9.9.9" });
    expect(play(UPDATE, nature).said.at(-1)).toBe("healthy");
  });

  test("of a slow agent takes longer in every stage", () => {
    const { effects } = play(UPDATE.slice(0, 4), natureOf({ kind: "slow", byMs: 7000 }));
    expect(effects).toContainEqual({ kind: "download", job: JOB, afterMs: 0, pauseMs: 7000 });
    expect(effects.filter(({ kind }) => kind === "wait")).toEqual([
      { kind: "wait", ms: 7010 },
      { kind: "wait", ms: 7010 },
      { kind: "wait", ms: 7100 },
    ]);
  });

  test.each(["dispatched", "downloading", "verifying", "staging", "restarting"] as const)(
    "of an agent that falls silent while %s ends there for good",
    (at) => {
      const { state, said } = play(
        [...UPDATE, { kind: "start" }, { kind: "welcomed" }],
        natureOf({ kind: "silent", at }),
      );
      expect(state.link.kind).toBe("gone");
      expect(state.outcomes).toEqual([]);
      expect(said.at(-1)).toBe(at === "dispatched" ? undefined : at);
    },
  );

  test("that is canceled before the restart is not done", () => {
    const cancel: AgentEvent = { kind: "cancel", targetId: "t1" };
    expect(play([...UPDATE.slice(0, 2), cancel], HEALTHY).said.at(-1)).toBe("failed UPDATE_CANCELED");
    const after = play([...UPDATE.slice(0, 4), cancel], HEALTHY);
    expect(after.state.activity.kind).toBe("restarting");
  });

  test("is not taken twice, and a second one is refused while it is under way", () => {
    const { state } = play(UPDATE.slice(0, 1), HEALTHY);
    expect(step(state, { kind: "assigned", job: JOB }, HEALTHY, 9).state).toBe(state);
    const other: Job = { ...JOB, targetId: "t2", sequence: 2 };
    const refused = step(state, { kind: "assigned", job: other }, HEALTHY, 9).state;
    expect(refused.activity).toBe(state.activity);
    expect(refused.outcomes).toMatchObject([{ targetId: "t2", code: "UPDATE_IN_PROGRESS" }]);
  });
});

describe("a download", () => {
  const under = play(UPDATE.slice(0, 1), HEALTHY).state;

  test("that broke off is tried again, later each time", () => {
    const problem = new MusterError("SERVER_OVERLOADED");
    const first = step(under, { kind: "download_failed", problem }, HEALTHY, 9);
    const second = step(first.state, { kind: "download_failed", problem }, HEALTHY, 9);
    const delays = [first, second].map(({ effects }) => effects[0]);
    expect(delays).toMatchObject([{ afterMs: 500 }, { afterMs: 1000 }]);
  });

  test("that is not allowed ends the update", () => {
    const problem = new MusterError("DOWNLOAD_NOT_ALLOWED");
    const { state } = step(under, { kind: "download_failed", problem }, HEALTHY, 9);
    expect(state.outcomes).toMatchObject([{ result: "failed", code: "DOWNLOAD_NOT_ALLOWED" }]);
  });
});

function delaysOf(events: readonly AgentEvent[]): readonly number[] {
  const { effects } = play(events, HEALTHY);
  return effects.flatMap((effect) => (effect.kind === "connect" ? [effect.afterMs] : []));
}

describe("a connection", () => {
  test("that breaks is made again, later each time, and at once after a welcome", () => {
    expect(delaysOf([{ kind: "cut" }, { kind: "cut" }, { kind: "cut" }])).toEqual([500, 1000, 2000]);
    expect(delaysOf([{ kind: "cut" }, { kind: "welcomed" }, { kind: "cut" }])).toEqual([500, 500]);
  });

  test("that breaks in probation begins the time of steadiness anew", () => {
    const { effects, state } = play([...UPDATE.slice(0, 6), { kind: "cut" }, { kind: "welcomed" }], HEALTHY);
    expect(state.activity).toMatchObject({ kind: "probation", downtimeMs: 2000 });
    const last = ["drop_work", "connect", "send", "wait"];
    expect(effects.slice(-4).map(({ kind }) => kind)).toEqual(last);
  });

  test("carries every outcome again until it is acknowledged", () => {
    const { state } = play(UPDATE, HEALTHY);
    const again = step(state, { kind: "welcomed" }, HEALTHY, 9);
    expect(again.effects).toMatchObject([{ kind: "send", report: { kind: "outcome" } }]);
    const done = step(state, { kind: "acknowledged", targetId: "t1" }, HEALTHY, 9).state;
    expect(step(done, { kind: "welcomed" }, HEALTHY, 9).effects).toEqual([]);
  });
});

const problem = new MusterError("SERVER_OVERLOADED");
const event: fc.Arbitrary<AgentEvent> = fc.oneof(
  fc.constantFrom<AgentEvent>(
    { kind: "start" },
    { kind: "welcomed" },
    { kind: "cut" },
    { kind: "downloaded" },
    { kind: "download_failed", problem },
    { kind: "cancel", targetId: "t1" },
    { kind: "acknowledged", targetId: "t1" },
  ),
  fc.constant<AgentEvent>({ kind: "due" }),
  fc.constant<AgentEvent>({ kind: "reconnect", delayMs: 5 }),
  fc.nat(3).map((sequence): AgentEvent => {
    return { kind: "assigned", job: { ...JOB, targetId: `t${sequence}`, sequence } };
  }),
);
const profile = fc.constantFrom<Profile>(
  { kind: "healthy" },
  { kind: "fails_preflight" },
  { kind: "rolls_back" },
  { kind: "silent", at: "staging" },
  { kind: "slow", byMs: 5 },
);

test("whatever happens, activities change as their table says and sequences only rise", () => {
  const table: TransitionTable<Activity["kind"]> = ACTIVITY_TRANSITIONS;
  fc.assert(
    fc.property(profile, fc.array(event, { maxLength: 40 }), (kind, events) => {
      let state = newAgent("1.0.0");
      for (const each of events) {
        const next = step(state, each, natureOf(kind), 1).state;
        const from = state.activity.kind;
        const to = next.activity.kind;
        expect(from === to || table[from].includes(to)).toBe(true);
        expect(next.lastSequence).toBeGreaterThanOrEqual(state.lastSequence);
        expect(state.link.kind === "gone" && next !== state).toBe(false);
        state = next;
      }
    }),
  );
});
