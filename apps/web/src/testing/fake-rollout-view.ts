import type { RolloutView, TargetView, WaveView } from "@muster/protocol/http";
import type { FakeRolloutPlan } from "./fake-rollout-plan.ts";
import { type FakeTarget, IN_PROGRESS } from "./fake-target.ts";

/** The plan's waves before anything has happened. */
export function newWaves({ strategy, agents, startedAt }: FakeRolloutPlan): WaveView[] {
  const ends = strategy.kind === "waves" ? strategy.waves : [{ percent: 100 }];
  return ends.map((_, index) => ({
    index,
    state: "waiting",
    since: startedAt,
    settlesAt: null,
    approved: false,
    approvedBy: [],
    reason: index === 0 ? null : "earlier_wave",
    counts: { ...tally([]).counts, planned: agents.length },
  }));
}

/** The plan's rollout before anything has happened. */
export function newRollout(plan: FakeRolloutPlan, waves: WaveView[]): RolloutView {
  return {
    id: plan.id,
    spec: {
      product: plan.product ?? "edge-agent",
      version: plan.version,
      cohort: plan.cohort,
      strategy: structuredClone(plan.strategy) as RolloutView["spec"]["strategy"],
      maxInFlight: plan.maxInFlight ?? 60,
      failurePolicy: { threshold: plan.threshold ?? { percent: 5 }, action: "pause", silentAfterMs: 60_000 },
      allowDowngrade: false,
      limits: { deadlineMs: 180_000, stabilizationMs: 30_000, maxBoots: 3 },
      deadlines: {
        dispatched: 60_000,
        downloading: 120_000,
        verifying: 60_000,
        staging: 60_000,
        restarting: 300_000,
      },
      priority: "normal",
      startAt: null,
      windows: [],
      spread: null,
      maxDownloads: null,
      offline: { doneAtPercent: null, expireAfterMs: null },
      sliceLabels: [],
    },
    state: "running",
    pauseCause: null,
    reason: "in_progress",
    since: plan.startedAt,
    createdAt: plan.startedAt - 4000,
    createdBy: "admin",
    endedAt: null,
    revision: 1,
    touched: 0,
    touchedAtHalt: null,
    heldSlices: [],
    counts: tally([]).counts,
    waves,
    verbs: [],
  };
}

/** The targets counted as the server counts them. */
export function tally(targets: readonly FakeTarget[]): Pick<RolloutView, "counts" | "touched"> {
  const states = targets.map(({ view }) => view.state);
  const of = (...names: TargetView["state"][]) => states.filter((state) => names.includes(state)).length;
  return {
    touched: states.length - of("pending", "canceled", "superseded"),
    counts: {
      planned: states.length,
      pending: of("pending"),
      inProgress: states.filter((state) => IN_PROGRESS.has(state)).length,
      healthy: of("healthy"),
      failed: of("failed"),
      rolledBack: of("rolled_back"),
      silent: targets.filter(({ view }) => view.silent).length,
      canceled: of("canceled", "superseded"),
    },
  };
}
