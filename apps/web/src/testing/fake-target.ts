import type { Strategy } from "@muster/core";
import type { AgentView, TargetView, WaveView } from "@muster/protocol/http";
import type { FakeRolloutPlan } from "./fake-rollout-plan.ts";

/** How it ends for one agent. */
export type Fate = "healthy" | "crash" | "deadline" | "disk" | "silent";

/** A target and how it will fare. */
export interface FakeTarget {
  view: TargetView;
  readonly online: boolean;
  /** Factor on all of its times. */
  readonly pace: number;
  fate: Fate;
}

export const IN_PROGRESS: ReadonlySet<TargetView["state"]> = new Set([
  "dispatched",
  "downloading",
  "verifying",
  "staging",
  "restarting",
]);
export const FAILED: ReadonlySet<TargetView["state"]> = new Set(["failed", "rolled_back"]);

const TOTAL_BYTES = 18_400_000;
const STAGE_MS = {
  dispatched: 700,
  downloading: 4000,
  verifying: 700,
  staging: 900,
  restarting: 3500,
} as const;
const NEXT = {
  dispatched: "downloading",
  downloading: "verifying",
  verifying: "staging",
  staging: "restarting",
  restarting: "healthy",
} as const;

interface Place {
  readonly agent: AgentView;
  readonly index: number;
  readonly waves: readonly WaveView[];
  readonly chance: () => number;
}

export function fakeTarget(plan: FakeRolloutPlan, { agent, index, waves, chance }: Place): FakeTarget {
  const wave = waveOf(plan.strategy, index, plan.agents.length) ?? waves.length - 1;
  return {
    online: agent.online,
    pace: 0.6 + chance() * 1.4,
    fate: fateOf(plan.broken, chance),
    view: {
      id: `t_${plan.id.slice(2)}_${index}`,
      rolloutId: plan.id,
      agentId: agent.id,
      hostname: agent.hostname,
      purpose: "update",
      attempt: 1,
      wave,
      fromVersion: agent.version,
      toVersion: plan.version,
      state: "pending",
      silent: false,
      receivedBytes: null,
      totalBytes: null,
      code: null,
      message: null,
      outputTail: null,
      survivingVersion: null,
      downtimeMs: null,
      reason: agent.online ? "waiting_for_wave" : "offline",
      since: plan.startedAt,
      progressAt: plan.startedAt,
    },
  };
}

function fateOf(broken: number, chance: () => number): Fate {
  const roll = chance();
  if (roll < broken * 0.5) return "crash";
  if (roll < broken * 0.75) return "deadline";
  if (roll < broken * 0.9) return "disk";
  return roll < broken ? "silent" : "healthy";
}

function waveOf(strategy: Strategy, index: number, size: number): number | null {
  if (strategy.kind !== "waves") return 0;
  const ends = strategy.waves.map((end) =>
    "percent" in end ? Math.ceil((end.percent / 100) * size) : end.count,
  );
  const wave = ends.findIndex((end) => index < end);
  return wave < 0 ? null : wave;
}

/** Gives the target the update once more; this time it goes well. */
export function retried(target: FakeTarget, now: number): void {
  target.fate = "healthy";
  target.view = {
    ...target.view,
    id: `${target.view.id}b`,
    attempt: target.view.attempt + 1,
    state: "pending",
    silent: false,
    since: now,
    progressAt: now,
    code: null,
    message: null,
    outputTail: null,
    survivingVersion: null,
    downtimeMs: null,
  };
}

/** Moves one target on; whether anything about it changed. */
export function advance(target: FakeTarget, now: number): boolean {
  const { view } = target;
  const stage = view.state;
  if (!isStage(stage)) return false;
  if (view.silent) return timeOut(view, now);
  const lasted = now - view.since;
  const stageMs = STAGE_MS[stage] * target.pace;
  if (stage === "staging" && target.fate === "silent") {
    Object.assign(view, { silent: true, reason: "silent" });
    return true;
  }
  if (stage === "downloading") {
    const receivedBytes = Math.min(TOTAL_BYTES, Math.floor((lasted / stageMs) * TOTAL_BYTES));
    Object.assign(view, { receivedBytes, totalBytes: TOTAL_BYTES, progressAt: now });
  }
  if (lasted < stageMs) return stage === "downloading";
  const entered = Math.floor(view.since + stageMs);
  Object.assign(view, { state: NEXT[stage], since: entered, progressAt: now }, endOf(target, stage));
  return true;
}

/** How long a silent target stays under way before its stage is over, in milliseconds. */
const STAGE_DEADLINE_MS = 60_000;

function timeOut(view: TargetView, now: number): boolean {
  if (now - view.progressAt < STAGE_DEADLINE_MS) return false;
  const message = "The agent made no progress within the stage's deadline (stage: staging)";
  Object.assign(view, { state: "failed", silent: false, since: now, code: "TARGET_STAGE_TIMEOUT", message });
  return true;
}

function isStage(state: TargetView["state"]): state is keyof typeof NEXT {
  return IN_PROGRESS.has(state);
}

function endOf({ fate, view, pace }: FakeTarget, stage: keyof typeof NEXT): Partial<TargetView> {
  if (stage === "verifying" && fate === "disk") {
    return {
      state: "failed",
      code: "DISK_SHORT",
      message: "There is not enough free disk for the update (freeBytes: 21004288, neededBytes: 55200000)",
      survivingVersion: view.fromVersion,
    };
  }
  if (stage !== "restarting") return {};
  if (fate === "crash") {
    return {
      state: "rolled_back",
      code: "PROBATION_CRASHED",
      message: "The new version ended before it was healthy (boots: 3, exit: 1)",
      survivingVersion: view.fromVersion,
      downtimeMs: 2140,
      outputTail: OUTPUT,
    };
  }
  if (fate === "deadline") {
    return {
      state: "rolled_back",
      code: "PROBATION_DEADLINE",
      message: "The new version was not healthy within its deadline (deadlineMs: 180000)",
      survivingVersion: view.fromVersion,
      downtimeMs: 181_300,
      outputTail:
        "edge-agent starting\nconfig /etc/edge-agent/agent.json\nconnecting to gateway.example.org:8443 …\n",
    };
  }
  return { downtimeMs: Math.floor(380 * pace) };
}

const OUTPUT = `edge-agent starting
config /etc/edge-agent/agent.json, revision 41
loading plugin metrics … ok
loading plugin inventory …
Error: inventory: unknown field "scrapeIntervall" in section "collector"
    at readSection (plugins/inventory.js:88:13)
    at load (plugins/index.js:31:20)
exit 1
`;
