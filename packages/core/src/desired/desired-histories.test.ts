import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compareVersions } from "../release/version.ts";
import { isRolloutEnded } from "../rollout/rollout-machine.ts";
import type { RolloutState } from "../rollout/rollout.ts";
import {
  aDesiredRelease,
  aDesiredState,
  aDriftingAgent,
  aGroupRollout,
  STABLE,
} from "../testing/desired-fixtures.ts";
import type { DesiredRelease, DesiredState, GroupRollout, Track } from "./desired-state.ts";
import { type DesiredDecision, planDesiredState } from "./plan-desired-state.ts";
import { surveyDesired } from "./survey-desired.ts";

const MINUTE = 60_000;

/** One thing that happens in a small world of one group. */
type Step =
  | { readonly kind: "publish"; readonly minor: number; readonly channel: string }
  | { readonly kind: "yank"; readonly minor: number }
  | { readonly kind: "join" | "leave" | "return"; readonly agent: number }
  | {
      readonly kind: "end";
      readonly how: "completed" | "canceled" | "failed" | "rolled_back" | "paused";
      readonly bad: number;
    }
  | { readonly kind: "clear" }
  | { readonly kind: "wait" };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant("publish" as const),
    minor: fc.integer({ min: 0, max: 5 }),
    channel: fc.constantFrom("stable", "beta"),
  }),
  fc.record({ kind: fc.constant("yank" as const), minor: fc.integer({ min: 0, max: 5 }) }),
  fc.record({ kind: fc.constantFrom("join", "leave", "return"), agent: fc.integer({ min: 0, max: 4 }) }),
  fc.record({
    kind: fc.constant("end" as const),
    how: fc.constantFrom("completed", "completed", "canceled", "failed", "rolled_back", "paused"),
    bad: fc.integer({ min: -3, max: 4 }),
  }),
  fc.constantFrom<Step>({ kind: "clear" }, { kind: "wait" }, { kind: "wait" }),
);

function hold(isSo: boolean, what: string): void {
  if (!isSo) throw new Error(`broken: ${what}`);
}

class World {
  now = 1;
  clearedAt = 0;
  readonly releases = new Map<string, DesiredRelease>([["1.0.0", aDesiredRelease("1.0.0")]]);
  readonly agents = new Map<string, { version: string; online: boolean; failed: Map<string, number> }>();
  rollouts: GroupRollout[] = [];
  readonly members = new Map<string, readonly string[]>();
  readonly track: Track;
  constructor(track: Track) {
    this.track = track;
  }

  state(): DesiredState {
    return aDesiredState(this.track, { clearedAt: this.clearedAt });
  }

  plan(): DesiredDecision[] {
    const agents = (_: DesiredState, release: DesiredRelease) =>
      [...this.agents].flatMap(([id, { version, online, failed }]) => {
        const past = (failed.get(release.version) ?? -1) > this.clearedAt ? "failed" : "none";
        return version === release.version ? [] : [aDriftingAgent(id, { version, online, past })];
      });
    const releases = [...this.releases.values()];
    return planDesiredState({
      states: [this.state()],
      releases,
      rollouts: this.rollouts,
      agents,
      busy: () => false,
      now: this.now,
    });
  }

  /** Carries out what is planned, and holds every decision to what is promised. */
  carryOut(): number {
    const decisions = this.plan();
    for (const decision of decisions) {
      if (decision.kind === "start_rollout") this.start(decision);
    }
    hold(decisions.length <= 1, "one thing at a time");
    hold(this.plan().length === 0, "what was decided is not decided again");
    return decisions.length;
  }

  start({ rollout, spec, agentIds }: Extract<DesiredDecision, { readonly kind: "start_rollout" }>): void {
    const { version, allowDowngrade } = spec;
    hold(
      this.rollouts.every(({ state }) => isRolloutEnded(state)),
      "no other is under way",
    );
    const spoilt = this.rollouts.some(
      (before) =>
        before.version === version &&
        ["canceled", "failed", "rolled_back"].includes(before.state.kind) &&
        (before.endedAt ?? 0) > this.clearedAt,
    );
    hold(!spoilt, "nothing goes to what went wrong");
    hold(this.releases.get(version)?.state === "ready", "the release is ready");
    for (const id of agentIds) {
      const agent = this.agents.get(id);
      hold((agent?.failed.get(version) ?? -1) <= this.clearedAt, "it did not fail there");
      hold(allowDowngrade || compareVersions(version, agent?.version ?? "0.0.0") > 0, "it goes up");
      hold(rollout === "release" || agent?.online === true, "who follows is there");
    }
    const id = `r${this.rollouts.length}`;
    this.members.set(id, agentIds);
    this.rollouts.push(
      aGroupRollout({ kind: "running" }, { id, version, kind: rollout, createdAt: this.now }),
    );
  }

  end(how: "completed" | "canceled" | "failed" | "rolled_back" | "paused", bad: number): void {
    this.rollouts = this.rollouts.map((rollout) => {
      if (isRolloutEnded(rollout.state)) return rollout;
      if (how === "paused") return { ...rollout, state: { kind: "paused", cause: "failure_threshold" } };
      for (const [index, id] of (this.members.get(rollout.id) ?? []).entries()) {
        const agent = this.agents.get(id);
        if (index === bad || how === "failed") agent?.failed.set(rollout.version, this.now);
        else if (agent?.online && how === "completed") agent.version = rollout.version;
      }
      const state: RolloutState =
        how === "failed" ? { kind: how, code: "ROLLOUT_NO_SUCCESS", message: "" } : { kind: how };
      return { ...rollout, state, endedAt: this.now };
    });
  }

  take(done: Step): void {
    this.now += 1;
    if (done.kind === "publish") {
      const version = `1.${done.minor}.0`;
      if (!this.releases.has(version))
        this.releases.set(version, aDesiredRelease(version, { channel: done.channel }));
    } else if (done.kind === "yank") {
      const release = this.releases.get(`1.${done.minor}.0`);
      if (release) this.releases.set(release.version, { ...release, state: "yanked" });
    } else if (done.kind === "end") this.end(done.how, done.bad);
    else if (done.kind === "clear") this.clearedAt = this.now;
    else if (done.kind === "wait") this.now += 2 * MINUTE;
    else this.move(done.kind, `a${done.agent}`);
  }

  move(kind: "join" | "leave" | "return", id: string): void {
    const agent = this.agents.get(id) ?? {
      version: "1.0.0",
      online: true,
      failed: new Map<string, number>(),
    };
    this.agents.set(id, { ...agent, online: kind !== "leave" });
  }
}

describe("over random histories of releases, agents, rollouts and operators", () => {
  const track = fc.constantFrom<Track>(
    STABLE,
    { kind: "version", version: "1.2.0", allowDowngrade: false },
    { kind: "version", version: "1.0.0", allowDowngrade: true },
  );

  test("one rollout at most is under way, none to what went wrong, none down or to nobody's good", () => {
    fc.assert(
      fc.property(track, fc.array(step, { maxLength: 60 }), (following, steps) => {
        const world = new World(following);
        for (const done of steps) {
          world.take(done);
          world.carryOut();
        }
        expect(world.rollouts.filter(({ state }) => !isRolloutEnded(state)).length).toBeLessThanOrEqual(1);
      }),
      { numRuns: 400 },
    );
  });

  test("when nothing happens any more and everything works, it comes to rest with everybody there", () => {
    fc.assert(
      fc.property(track, fc.array(step, { maxLength: 40 }), (following, steps) => {
        const world = new World(following);
        for (const done of steps) {
          world.take(done);
          world.carryOut();
        }
        world.end("completed", -1);
        world.take({ kind: "clear" });
        for (const id of world.agents.keys()) world.move("return", id);
        let rounds = 0;
        for (; rounds < 20; rounds += 1) {
          world.take({ kind: "wait" });
          if (world.carryOut() === 0) break;
          world.end("completed", -1);
        }
        expect(rounds).toBeLessThan(20);
        const wanted = surveyDesired(world.state(), [...world.releases.values()], world.rollouts).release;
        if (wanted === null) return;
        for (const { version } of world.agents.values()) {
          const isThere = version === wanted.version;
          expect(isThere || compareVersions(version, wanted.version) > 0).toBe(true);
        }
      }),
      { numRuns: 300 },
    );
  });
});
