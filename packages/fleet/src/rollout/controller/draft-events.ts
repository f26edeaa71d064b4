import {
  ERROR_REGISTRY,
  type ErrorEntry,
  type Rollout,
  type RolloutState,
  type Target,
  TARGET_STAGES,
  type TargetState,
  type Wave,
} from "@muster/core";
import type { EventSeverity, NewEvent } from "../../events/ports.ts";
import type { RolloutDraft } from "./draft.ts";
import type { NewRollout } from "./write-draft.ts";

/** What happens when the draft is committed, in an order in which it can have happened. Pure. */
export function eventsOfDraft({ before, rollout, changed, originals }: RolloutDraft): NewEvent[] {
  const events: NewEvent[] = [];
  const isEnding = isLast(rollout.state);
  const ofRollout = rolloutEvents(before.rollout, rollout);
  if (!isEnding) events.push(...ofRollout);
  const ofWaves = rollout.waves.flatMap((wave) =>
    waveEvents(before.rollout.waves[wave.index], wave, rollout),
  );
  events.push(...ofWaves.filter(({ type }) => type === "wave_approved" || type === "wave_opened"));
  for (const target of changed.values()) {
    const original = originals.get(target.id);
    if (original && original.state.kind !== target.state.kind) {
      events.push(...targetEvents(original, target, rollout));
    }
  }
  events.push(...ofWaves.filter(({ type }) => type !== "wave_approved" && type !== "wave_opened"));
  if (isEnding) events.push(...ofRollout);
  return events;
}

/** What happens when a rollout is made. */
export function eventsOfCreation({ rollout, targets }: NewRollout): NewEvent[] {
  const { product, version, cohort, priority } = rollout.spec;
  return [
    {
      ...onRollout(rollout),
      type: "rollout_created",
      severity: "info",
      message: `${rollout.createdBy} has made a rollout of ${product} ${version} to ${targets.length} agents`,
      data: { targets: targets.length, cohort: cohort.kind, priority, createdBy: rollout.createdBy },
    },
  ];
}

function onRollout({ id, spec }: Rollout) {
  const { product, version } = spec;
  return { category: "rollout", rolloutId: id, product, version } as const;
}

function isLast({ kind }: RolloutState): boolean {
  return ["completed", "canceled", "failed", "rolled_back"].includes(kind);
}

/** Each state's event, seen from the state before. */
const ROLLOUT_EVENTS = {
  scheduled: ["rollout_scheduled", "info", "is scheduled"],
  running: ["rollout_started", "info", "runs"],
  paused: ["rollout_paused", "warning", "is paused"],
  completed: ["rollout_completed", "info", "is complete"],
  canceled: ["rollout_canceled", "warning", "is canceled"],
  failed: ["rollout_failed", "error", "has failed"],
  rolling_back: ["rollout_rolling_back", "error", "returns its agents to their version before"],
  rolled_back: ["rollout_rolled_back", "warning", "has returned its agents to their version before"],
} as const satisfies Record<RolloutState["kind"], readonly [string, EventSeverity, string]>;

function rolloutEvents(before: Rollout, after: Rollout): NewEvent[] {
  const { state } = after;
  const isSame = state.kind === before.state.kind && causeOf(state) === causeOf(before.state);
  if (isSame) return [];
  const [type, severity, what] = ROLLOUT_EVENTS[state.kind];
  const isResumed = before.state.kind === "paused" && state.kind === "running";
  const cause = causeOf(state);
  const why = cause === null ? "" : ` (${cause})`;
  return [
    {
      ...onRollout(after),
      type: isResumed ? "rollout_resumed" : type,
      severity: cause === "failure_threshold" || cause === "release_yanked" ? "error" : severity,
      code: state.kind === "failed" ? state.code : null,
      message: `The rollout of ${after.spec.product} ${after.spec.version} ${isResumed ? "goes on" : what}${why}`,
      data: { from: before.state.kind, to: state.kind, cause, touchedAtHalt: after.touchedAtHalt },
    },
  ];
}

function causeOf(state: RolloutState): string | null {
  return state.kind === "paused" ? state.cause : null;
}

const WAVE_EVENTS = {
  waiting: ["wave_waiting", "info", "waits"],
  open: ["wave_opened", "info", "is open"],
  settling: ["wave_settling", "info", "settles"],
  passed: ["wave_passed", "info", "has passed"],
  failed: ["wave_failed", "error", "has reached its failure threshold"],
} as const satisfies Record<Wave["state"]["kind"], readonly [string, EventSeverity, string]>;

function waveEvents(before: Wave | undefined, after: Wave, rollout: Rollout): NewEvent[] {
  if (!before || before === after) return [];
  const on = { ...onRollout(rollout), category: "wave", wave: after.index } as const;
  const name = `Wave ${after.index + 1} of the rollout of ${rollout.spec.product} ${rollout.spec.version}`;
  const events: NewEvent[] = [];
  if (after.approved && !before.approved) {
    events.push({ ...on, type: "wave_approved", severity: "info", message: `${name} is approved` });
  }
  if (after.state.kind !== before.state.kind) {
    const [type, severity, what] = WAVE_EVENTS[after.state.kind];
    events.push({ ...on, type, severity, message: `${name} ${what}` });
  }
  return events;
}

/** What an agent has to have done before it can be in a state: a report may skip stages, their events do not. */
const STEPS = ["started", "downloaded", "staged", "completed"] as const;

/** How many of the steps are done in a state of the way. */
const STEPS_DONE = {
  pending: 0,
  dispatched: 1,
  downloading: 1,
  verifying: 2,
  staging: 2,
  restarting: 3,
  healthy: 4,
} as const satisfies Partial<Record<TargetState["kind"], number>>;

const STEP_MESSAGES = {
  started: "has been given",
  downloaded: "has downloaded",
  staged: "has staged and now starts",
  completed: "runs, and is healthy with,",
} as const satisfies Record<(typeof STEPS)[number], string>;

function targetEvents(before: Target, after: Target, rollout: Rollout): NewEvent[] {
  const on = {
    category: "upgrade",
    agentId: after.agentId,
    rolloutId: rollout.id,
    targetId: after.id,
    wave: after.wave,
    product: rollout.spec.product,
    version: after.toVersion,
    data: { purpose: after.purpose, attempt: after.attempt, fromVersion: after.fromVersion },
  } as const;
  const prefix = after.purpose === "update" ? "upgrade" : "return";
  const what = `${rollout.spec.product} ${after.toVersion}`;
  const { state } = after;
  switch (state.kind) {
    case "failed":
    case "rolled_back":
      return [
        {
          ...on,
          type: after.purpose === "update" ? failureType(before.state, state) : `return_${state.kind}`,
          severity: "error",
          code: state.code,
          message: `Agent ${after.agentId}: ${state.message}`,
        },
      ];
    case "canceled":
    case "superseded":
      return [
        {
          ...on,
          type: `${prefix}_${state.kind}`,
          severity: "info",
          message: `Agent ${after.agentId} is not given ${what} any more`,
        },
      ];
    case "pending":
    case "dispatched":
    case "downloading":
    case "verifying":
    case "staging":
    case "restarting":
    case "healthy": {
      const done = before.state.kind in STEPS_DONE ? STEPS_DONE[wayOf(before.state)] : 0;
      return STEPS.slice(done, STEPS_DONE[state.kind]).map((step) => ({
        ...on,
        type: `${prefix}_${step}`,
        severity: "info",
        message: `Agent ${after.agentId} ${STEP_MESSAGES[step]} ${what}`,
      }));
    }
  }
}

function wayOf({ kind }: TargetState): keyof typeof STEPS_DONE {
  return kind in STEPS_DONE ? (kind as keyof typeof STEPS_DONE) : "pending";
}

const STAGE_FAILURES = {
  dispatched: "upgrade_dispatch_failed",
  downloading: "upgrade_download_failed",
  verifying: "upgrade_verify_failed",
  staging: "upgrade_stage_failed",
  restarting: "upgrade_restart_failed",
} as const satisfies Record<(typeof TARGET_STAGES)[number], string>;

/** The registry's short name, or one after the stage in which it failed. */
function failureType(
  before: TargetState,
  state: Extract<TargetState, { readonly kind: "failed" | "rolled_back" }>,
): string {
  if (state.kind === "rolled_back") return "upgrade_rolled_back";
  const entry: ErrorEntry = ERROR_REGISTRY[state.code];
  if (entry.event !== undefined) return entry.event;
  const stage = TARGET_STAGES.find((name) => name === before.kind);
  return stage === undefined ? "upgrade_failed" : STAGE_FAILURES[stage];
}
