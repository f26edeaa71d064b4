import type {
  AgentFacts,
  Rollout,
  RolloutSpec,
  Target,
  TargetState,
  Wave,
  WaveState,
} from "../rollout/rollout.ts";
import { DEFAULT_LIMITS } from "../update/handoff.ts";

/** The time at which fixtures begin, in milliseconds since 1970. */
export const START = 1_000_000;

const SPEC: RolloutSpec = {
  product: "acme",
  version: "2.0.0",
  cohort: { kind: "all" },
  strategy: { kind: "immediate" },
  maxInFlight: 250,
  failurePolicy: { threshold: { count: 1 }, action: "pause", silentAfterMs: 60_000 },
  allowDowngrade: false,
  limits: DEFAULT_LIMITS,
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
};

/** A specification with the defaults, changed as given. */
export function aSpec(change: Partial<RolloutSpec> = {}): RolloutSpec {
  return { ...SPEC, ...change };
}

/** A wave, waiting unless told. */
export function aWave(
  index: number,
  state: WaveState = { kind: "waiting" },
  change: Partial<Wave> = {},
): Wave {
  return {
    index,
    state,
    since: START,
    openedAt: state.kind === "waiting" ? null : START,
    approved: false,
    approvedBy: [],
    forgivenBefore: 0,
    reason: null,
    ...change,
  };
}

/** A rollout as it is stored when it is created: scheduled, with one waiting wave unless told. */
export function aRollout(change: Partial<Rollout> = {}): Rollout {
  return {
    id: "r1",
    spec: aSpec(),
    state: { kind: "scheduled" },
    since: START,
    reason: null,
    createdAt: START,
    createdBy: "tester",
    revision: 1,
    waves: [aWave(0)],
    lastBatchAt: null,
    touchedAtHalt: null,
    quarantine: { slices: [], forgivenBefore: 0 },
    ...change,
  };
}

/** A first attempt to update agent `agentId` from 1.0.0, pending unless told. */
export function aTarget(
  agentId: string,
  state: TargetState = { kind: "pending" },
  change: Partial<Target> = {},
): Target {
  return {
    id: `t-${agentId}`,
    rolloutId: "r1",
    agentId,
    purpose: "update",
    attempt: 1,
    wave: 0,
    fromVersion: "1.0.0",
    toVersion: "2.0.0",
    state,
    since: START,
    progressAt: START,
    reason: null,
    ...change,
  };
}

/** An agent that can take an update, changed as given. */
export function someFacts(change: Partial<AgentFacts> = {}): AgentFacts {
  return {
    online: true,
    version: "1.0.0",
    busyElsewhere: false,
    clockSkewMs: 0,
    hours: "open",
    labels: {},
    platform: "linux/amd64",
    rollbacks: 0,
    diskShort: false,
    ...change,
  };
}
