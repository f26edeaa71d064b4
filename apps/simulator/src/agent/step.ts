import { MusterError, type Outcome } from "@muster/core";
import type { Activity, AgentState, Job, Refusal } from "./agent-state.ts";
import type { AgentEffect, AgentEvent, Step } from "./event.ts";
import { profileFor, type Nature } from "./nature.ts";

/** Starts that a crashing version is given before the old one is back. */
const CRASHES = 3;
const DOWNLOAD_TRIES = 20;
const RETRY_FIRST_MS = 500;
const RETRY_MAX_MS = 15_000;

type JobActivity = Extract<Activity, { readonly job: Job }>;

/** The agent after an event, and what is to be done, in order. Pure; `now` is the wall clock. */
export function step(state: AgentState, event: AgentEvent, nature: Nature, now: number): Step {
  if (state.link.kind === "gone") return still(state);
  switch (event.kind) {
    case "start":
      return state.link.kind === "away" ? connect(state, 0, 0) : still(state);
    case "welcomed":
      return welcomed({ ...state, link: { kind: "up" } }, now);
    case "cut":
      return cut(state);
    case "reconnect":
      return connect(state, 0, event.delayMs, [{ kind: "disconnect" }]);
    case "assigned":
      return assigned(state, event.job, nature, now);
    case "refused":
      return refused(state, event.refusal, now);
    case "cancel":
      return canceled(state, event.targetId, now);
    case "acknowledged": {
      const outcomes = state.outcomes.filter(({ targetId }) => targetId !== event.targetId);
      return still({ ...state, outcomes });
    }
    case "downloaded":
      return state.activity.kind === "downloading"
        ? enter(state, { kind: "verifying", job: state.activity.job }, nature)
        : still(state);
    case "download_failed":
      return downloadFailed(state, event.problem, now);
    case "due":
      break;
  }
  return due(state, nature, now);
}

function still(state: AgentState): Step {
  return { state, effects: [] };
}

function connect(state: AgentState, failures: number, afterMs: number, first: AgentEffect[] = []): Step {
  const link = { kind: "connecting", failures } as const;
  return { state: { ...state, link }, effects: [...first, { kind: "connect", afterMs }] };
}

function welcomed(state: AgentState, now: number): Step {
  const { activity, outcomes } = state;
  const unacknowledged = outcomes.map((outcome) => sendOutcome(outcome));
  switch (activity.kind) {
    case "idle":
      return { state, effects: unacknowledged };
    case "returning": {
      const message = `${activity.job.toVersion} ended ${CRASHES} times before it was healthy (simulated)`;
      const ended = finish(state, now, { result: "rolled_back", code: "PROBATION_CRASHED", message });
      return { state: ended.state, effects: [...unacknowledged, ...ended.effects] };
    }
    case "probation": {
      const downtimeMs = activity.downtimeMs ?? now - activity.since;
      const wait = { kind: "wait", ms: activity.job.stabilizationMs } as const;
      return {
        state: { ...state, activity: { ...activity, downtimeMs } },
        effects: [...unacknowledged, sendStage(activity), wait],
      };
    }
    case "downloading":
    case "verifying":
    case "staging":
    case "restarting":
      break;
  }
  return { state, effects: [...unacknowledged, sendStage(activity)] };
}

/** A broken connection ends the steadiness of a new version, and nothing else that is under way. */
function cut(state: AgentState): Step {
  if (state.link.kind === "away") return still(state);
  const failures = state.link.kind === "connecting" ? state.link.failures : 0;
  const unsteady: AgentEffect[] = state.activity.kind === "probation" ? [{ kind: "drop_work" }] : [];
  return connect(state, failures + 1, backoffMs(failures), unsteady);
}

function assigned(state: AgentState, job: Job, nature: Nature, now: number): Step {
  if (job.sequence <= state.lastSequence) return still(state);
  if (state.activity.kind !== "idle") {
    const { code, message } = new MusterError("UPDATE_IN_PROGRESS");
    return refused(state, { ...job, code, message }, now);
  }
  const taken: AgentState = { ...state, lastSequence: job.sequence };
  const profile = profileFor(nature, job.toVersion);
  if (profile.kind === "silent" && profile.at === "dispatched") return vanish(taken, []);
  return enter(taken, { kind: "downloading", job, failures: 0 }, nature);
}

/** Begins a stage: reports it, and does it unless this is where the agent falls silent. */
function enter(state: AgentState, activity: JobActivity, nature: Nature): Step {
  const { job } = activity;
  const profile = profileFor(nature, job.toVersion);
  const next: AgentState = { ...state, activity };
  const report = sendStage(activity);
  if (profile.kind === "silent" && profile.at === activity.kind) return vanish(next, [report]);
  const slowMs = profile.kind === "slow" ? profile.byMs : 0;
  switch (activity.kind) {
    case "downloading":
      return { state: next, effects: [report, { kind: "download", job, afterMs: 0, pauseMs: slowMs }] };
    case "restarting": {
      const starts = profile.kind === "rolls_back" ? CRASHES : 1;
      const wait = { kind: "wait", ms: nature.restartMs * starts + slowMs } as const;
      const away: AgentState = { ...next, link: { kind: "away" } };
      return { state: away, effects: [report, { kind: "disconnect" }, wait] };
    }
    case "verifying":
    case "staging":
      return { state: next, effects: [report, { kind: "wait", ms: nature.stageMs + slowMs }] };
    case "probation":
    case "returning":
      break;
  }
  return connect(next, 0, 0);
}

function vanish(state: AgentState, last: AgentEffect[]): Step {
  const effects: AgentEffect[] = [...last, { kind: "drop_work" }, { kind: "disconnect" }];
  return { state: { ...state, link: { kind: "gone" } }, effects };
}

function due(state: AgentState, nature: Nature, now: number): Step {
  const { activity } = state;
  switch (activity.kind) {
    case "idle":
    case "downloading":
    case "returning":
      return still(state);
    case "verifying":
      return enter(state, { kind: "staging", job: activity.job }, nature);
    case "staging": {
      const { job } = activity;
      if (profileFor(nature, job.toVersion).kind === "fails_preflight") {
        const message = `${job.toVersion} did not print its version (simulated)`;
        return finish(state, now, { result: "failed", code: "PREFLIGHT_FAILED", message });
      }
      return enter(state, { kind: "restarting", job, since: now }, nature);
    }
    case "restarting": {
      const { job, since } = activity;
      if (profileFor(nature, job.toVersion).kind === "rolls_back") {
        return enter(state, { kind: "returning", job, since }, nature);
      }
      const switched = { ...state, version: job.toVersion };
      return enter(switched, { kind: "probation", job, since, downtimeMs: null }, nature);
    }
    case "probation":
      break;
  }
  if (state.link.kind !== "up") return still(state);
  return finish(state, now, { result: "healthy", code: null, message: "" });
}

function downloadFailed(state: AgentState, problem: MusterError, now: number): Step {
  const { activity } = state;
  if (activity.kind !== "downloading") return still(state);
  const failures = activity.failures + 1;
  if (!problem.retryable || failures >= DOWNLOAD_TRIES) {
    return finish(state, now, { result: "failed", code: problem.code, message: problem.message });
  }
  const again = { ...state, activity: { ...activity, failures } };
  const download = { kind: "download", job: activity.job, pauseMs: 0 } as const;
  return { state: again, effects: [{ ...download, afterMs: backoffMs(activity.failures) }] };
}

function canceled(state: AgentState, targetId: string, now: number): Step {
  const { activity } = state;
  const { kind } = activity;
  const stoppable = kind === "downloading" || kind === "verifying" || kind === "staging";
  if (!stoppable || activity.job.targetId !== targetId) return still(state);
  const { code, message } = new MusterError("UPDATE_CANCELED");
  return finish(state, now, { result: "failed", code, message });
}

function refused(state: AgentState, refusal: Refusal, now: number): Step {
  if (refusal.sequence <= state.lastSequence) return still(state);
  const { targetId, product, toVersion, sequence, code, message } = refusal;
  const outcome: Outcome = {
    schema: 1,
    targetId,
    product,
    result: "failed",
    survivingVersion: state.version,
    fromVersion: state.version,
    toVersion,
    code,
    message,
    outputTail: "",
    endedAt: now,
    downtimeMs: null,
  };
  const outcomes = [...state.outcomes, outcome];
  return { state: { ...state, lastSequence: sequence, outcomes }, effects: [sendOutcome(outcome)] };
}

/** Ends what is under way with an outcome that is kept until it is acknowledged. */
function finish(state: AgentState, now: number, how: Pick<Outcome, "result" | "code" | "message">): Step {
  const { activity } = state;
  if (activity.kind === "idle") return still(state);
  const { job } = activity;
  const outcome: Outcome = {
    schema: 1,
    targetId: job.targetId,
    product: job.product,
    ...how,
    survivingVersion: state.version,
    fromVersion: job.fromVersion,
    toVersion: job.toVersion,
    outputTail: how.result === "rolled_back" ? `${job.product} ${job.toVersion}: simulated crash\n` : "",
    endedAt: now,
    downtimeMs: downtimeOf(activity, now),
  };
  const outcomes = [...state.outcomes, outcome];
  return {
    state: { ...state, activity: { kind: "idle" }, outcomes },
    effects: [{ kind: "drop_work" }, sendOutcome(outcome)],
  };
}

function downtimeOf(activity: JobActivity, now: number): number | null {
  if (activity.kind === "probation") return activity.downtimeMs;
  return activity.kind === "returning" ? now - activity.since : null;
}

function sendOutcome(outcome: Outcome): AgentEffect {
  return { kind: "send", report: { kind: "outcome", outcome } };
}

function sendStage({ kind, job }: JobActivity): AgentEffect {
  const stage = kind === "probation" || kind === "returning" ? "restarting" : kind;
  const { targetId, sizeBytes: totalBytes } = job;
  const receivedBytes = stage === "downloading" ? 0 : totalBytes;
  return {
    kind: "send",
    report: { kind: "progress", progress: { targetId, stage, receivedBytes, totalBytes } },
  };
}

function backoffMs(failures: number): number {
  return Math.min(RETRY_FIRST_MS * 2 ** failures, RETRY_MAX_MS);
}
