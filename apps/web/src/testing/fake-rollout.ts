import { isTerminal, ROLLOUT_TRANSITIONS } from "@muster/core";
import type { RolloutVerb, RolloutView, TargetView, WaveView } from "@muster/protocol/http";
import { createChance } from "./chance.ts";
import { advance, FAILED, type FakeTarget, fakeTarget, IN_PROGRESS, retried } from "./fake-target.ts";
import { newRollout, newWaves, tally } from "./fake-rollout-view.ts";
import type { FakeRolloutPlan } from "./fake-rollout-plan.ts";
import { verbsOf } from "./fake-verbs.ts";

export interface FakeRollout {
  readonly view: () => RolloutView;
  readonly targets: () => readonly TargetView[];
  /** Moves on to a time; what moved. */
  readonly step: (now: number) => readonly TargetView[];
  readonly act: (verb: RolloutVerb, now: number) => void;
}

/** What a fake rollout changes as it moves. */
interface Moving {
  readonly plan: FakeRolloutPlan;
  readonly rollout: RolloutView;
  readonly targets: readonly FakeTarget[];
}

/** A rollout that really moves: a small stand-in for the controller, with its own waves and thresholds. */
export function createFakeRollout(plan: FakeRolloutPlan): FakeRollout {
  const chance = createChance(plan.id.length * 31 + plan.agents.length);
  const waves = newWaves(plan);
  const targets = plan.agents.map((agent, index) => fakeTarget(plan, { agent, index, waves, chance }));
  const moving: Moving = { plan, rollout: newRollout(plan, waves), targets };
  step(moving, plan.startedAt);
  return {
    view: () => structuredClone(moving.rollout),
    targets: () => targets.map(({ view }) => ({ ...view })),
    step: (now) => step(moving, now),
    act: (verb, now) => act(moving, verb, now),
  };
}

function step(moving: Moving, now: number): TargetView[] {
  const { rollout, targets } = moving;
  const before = targets.map(({ view }) => view.state);
  const over = isTerminal(ROLLOUT_TRANSITIONS, rollout.state);
  const moved = over ? [] : targets.filter((target) => advance(target, now));
  if (rollout.state === "running") {
    for (const wave of rollout.waves) stepWave(moving, wave, now);
    if (rollout.waves.at(-1)?.state === "passed")
      setState(rollout, "completed", { endedAt: now, since: now });
  }
  Object.assign(rollout, tally(targets));
  for (const wave of rollout.waves) wave.counts = tally(inWave(targets, wave)).counts;
  rollout.verbs = verbsOf(rollout);
  const changed = targets.filter(({ view }, index) => view.state !== before[index]);
  return [...new Set([...moved, ...changed])].map(({ view }) => view);
}

function stepWave(moving: Moving, wave: WaveView, now: number): void {
  const { rollout, plan, targets } = moving;
  const mine = inWave(targets, wave);
  if (wave.state === "waiting") openWave(moving, wave, now);
  if (wave.state === "settling" && (wave.settlesAt ?? 0) <= now) {
    Object.assign(wave, { state: "passed", since: now, settlesAt: null, reason: null });
  }
  if (wave.state !== "open") return;
  const bad = mine.filter(({ view }) => FAILED.has(view.state)).length;
  if (bad >= limit(rollout, mine.length) && rollout.touchedAtHalt === null) {
    Object.assign(wave, { state: "failed", since: now, reason: "threshold" });
    const { touched: touchedAtHalt } = tally(targets);
    const halt = { pauseCause: "failure_threshold", reason: "threshold", touchedAtHalt, since: now };
    setState(rollout, "paused", halt);
    return;
  }
  dispatch(moving, mine, now);
  if (mine.some(holds)) return;
  const settleMs = plan.strategy.kind === "waves" ? plan.strategy.settleMs : 0;
  Object.assign(wave, { state: "settling", since: now, settlesAt: now + settleMs, reason: "settling" });
}

/** Whether its wave cannot settle yet. Who is offline does not hold it: it is updated when it returns. */
function holds({ view, online }: FakeTarget): boolean {
  return (view.state === "pending" && online) || IN_PROGRESS.has(view.state);
}

function openWave({ rollout, plan }: Moving, wave: WaveView, now: number): void {
  const before = rollout.waves[wave.index - 1];
  if (before && before.state !== "passed") return;
  const manual = plan.strategy.kind === "waves" && plan.strategy.approval === "manual";
  if (manual && wave.index > 0 && !wave.approved) {
    wave.reason = "approval";
    setState(rollout, "paused", { pauseCause: "approval_required", reason: "approval", since: now });
  } else Object.assign(wave, { state: "open", since: now, reason: "in_progress" });
}

function dispatch({ rollout, targets }: Moving, mine: readonly FakeTarget[], now: number): void {
  let free = rollout.spec.maxInFlight - targets.filter(({ view }) => IN_PROGRESS.has(view.state)).length;
  for (const target of mine) {
    if (target.view.state !== "pending") continue;
    target.view.reason = target.online ? "waiting_for_slot" : "offline";
    if (free <= 0 || !target.online) continue;
    Object.assign(target.view, { state: "dispatched", since: now, progressAt: now, reason: null });
    free -= 1;
  }
}

function act(moving: Moving, verb: RolloutVerb, now: number): void {
  const { rollout, targets } = moving;
  if (verb === "pause")
    setState(rollout, "paused", { pauseCause: "operator", reason: "operator", since: now });
  if (verb === "cancel") {
    for (const { view } of targets) if (view.state === "pending") Object.assign(view, { state: "canceled" });
    setState(rollout, "canceled", { endedAt: now, pauseCause: null, since: now });
  }
  if (verb === "approve") for (const wave of rollout.waves) wave.approved ||= wave.reason === "approval";
  if (verb === "retry") for (const target of targets) if (FAILED.has(target.view.state)) retried(target, now);
  if (verb === "resume" || verb === "approve" || verb === "retry") {
    for (const wave of rollout.waves) {
      if (wave.state === "failed") Object.assign(wave, { state: "open", reason: "in_progress" });
    }
    setState(rollout, "running", { pauseCause: null, reason: "in_progress", since: now });
  }
  step(moving, now);
}

function setState(rollout: RolloutView, state: RolloutView["state"], change: Partial<RolloutView>): void {
  Object.assign(rollout, { state, reason: null, revision: rollout.revision + 1 }, change);
}

const inWave = (targets: readonly FakeTarget[], wave: WaveView) =>
  targets.filter(({ view }) => view.wave === wave.index);

function limit({ spec }: RolloutView, size: number): number {
  const { threshold } = spec.failurePolicy;
  return "count" in threshold ? threshold.count : Math.max(1, (threshold.percent / 100) * size);
}
