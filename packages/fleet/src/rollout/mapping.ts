import type { Rollout, RolloutSpec, RolloutState, Target, TargetState, Wave, WaveState } from "@muster/core";
import { isRolloutEnded, NO_QUARANTINE, type Quarantine, type Reason, WAIT_FOR_OFFLINE } from "@muster/core";
import type { RolloutRow, TargetRow, WaveRow } from "../store/schema.ts";
import { isSettled } from "./settled.ts";

/** The columns of `targets` that make a core target; the signed bytes are large and stay where they are. */
export const TARGET_COLUMNS = [
  "id",
  "rollout_id",
  "agent_id",
  "purpose",
  "attempt",
  "wave",
  "from_version",
  "to_version",
  "state",
  "state_json",
  "since",
  "progress_at",
  "reason",
] as const satisfies readonly (keyof TargetRow)[];

export type TargetColumns = Pick<TargetRow, (typeof TARGET_COLUMNS)[number]>;

/** A row's state: its kind in one column, its data in another. Only this file's writers have written it. */
function readState(row: { readonly state: string; readonly state_json: string }): { readonly kind: string } {
  return { kind: row.state, ...(JSON.parse(row.state_json) as object) };
}

function stateColumns({ kind, ...data }: { readonly kind: string }): { state: string; state_json: string } {
  return { state: kind, state_json: JSON.stringify(data) };
}

export function toTarget(row: TargetColumns): Target {
  return {
    id: row.id,
    rolloutId: row.rollout_id,
    agentId: row.agent_id,
    purpose: row.purpose as Target["purpose"],
    attempt: row.attempt,
    wave: row.wave,
    fromVersion: row.from_version,
    toVersion: row.to_version,
    state: toTargetState(row),
    since: row.since,
    progressAt: row.progress_at,
    reason: row.reason as Reason | null,
  };
}

export function toTargetState(row: Pick<TargetRow, "state" | "state_json">): TargetState {
  return readState(row) as TargetState;
}

/** What of a target's row changes in its life. */
export function targetChanges(target: Target): Pick<TargetRow, ChangingTargetColumn> {
  return {
    ...stateColumns(target.state),
    from_version: target.fromVersion,
    since: target.since,
    progress_at: target.progressAt,
    reason: target.reason,
  };
}

type ChangingTargetColumn = "state" | "state_json" | "from_version" | "since" | "progress_at" | "reason";

/** The row of a new target, the newest of its agent. */
export function newTargetRow(target: Target): TargetRow {
  return {
    id: target.id,
    rollout_id: target.rolloutId,
    agent_id: target.agentId,
    purpose: target.purpose,
    attempt: target.attempt,
    wave: target.wave,
    to_version: target.toVersion,
    ...targetChanges(target),
    sequence: null,
    assignment: null,
    assignment_signature: null,
    output_tail: null,
    surviving_version: null,
    downtime_ms: null,
    outcome_at: null,
    standing: 1,
    latest: 1,
  };
}

export function toWave(row: WaveRow): Wave {
  return {
    index: row.wave_index,
    state: readState(row) as WaveState,
    since: row.since,
    openedAt: row.opened_at,
    approved: row.approved === 1,
    approvedBy: row.approved_by_json === null ? [] : (JSON.parse(row.approved_by_json) as string[]),
    forgivenBefore: row.forgiven_before,
    reason: row.reason as Reason | null,
  };
}

export function waveRow(rolloutId: string, wave: Wave): WaveRow {
  return {
    rollout_id: rolloutId,
    wave_index: wave.index,
    ...stateColumns(wave.state),
    since: wave.since,
    opened_at: wave.openedAt,
    approved: wave.approved ? 1 : 0,
    approved_by_json: JSON.stringify(wave.approvedBy),
    forgiven_before: wave.forgivenBefore,
    reason: wave.reason,
  };
}

/** `waves`: its rows, by index. */
export function toRollout(row: RolloutRow, waves: readonly WaveRow[]): Rollout {
  return {
    id: row.id,
    spec: readSpec(row),
    state: readState(row) as RolloutState,
    since: row.since,
    reason: row.reason as Reason | null,
    createdAt: row.created_at,
    createdBy: row.created_by,
    revision: row.revision,
    waves: waves.map(toWave),
    lastBatchAt: row.last_batch_at,
    touchedAtHalt: row.touched_at_halt,
    quarantine:
      row.quarantine_json === null ? NO_QUARANTINE : (JSON.parse(row.quarantine_json) as Quarantine),
  };
}

/** What specifications that were written before it do not have. */
const LATER = {
  windows: [],
  spread: null,
  maxDownloads: null,
  offline: WAIT_FOR_OFFLINE,
  sliceLabels: [],
} satisfies Partial<RolloutSpec>;

/** A specification as it was written, with what it could not say yet. */
export function readSpec({ spec_json }: Pick<RolloutRow, "spec_json">): RolloutSpec {
  const spec = JSON.parse(spec_json) as Omit<RolloutSpec, keyof typeof LATER> & Partial<RolloutSpec>;
  return { ...LATER, ...spec };
}

type ChangingRolloutColumn =
  | "state"
  | "state_json"
  | "since"
  | "reason"
  | "ended_at"
  | "open"
  | "revision"
  | "last_batch_at"
  | "touched_at_halt"
  | "quarantine_json";

/** What of a rollout's row changes in its life. */
export function rolloutChanges(
  rollout: Rollout,
  targets: Iterable<Target>,
): Pick<RolloutRow, ChangingRolloutColumn> {
  return {
    ...stateColumns(rollout.state),
    since: rollout.since,
    reason: rollout.reason,
    ended_at: isRolloutEnded(rollout.state) ? rollout.since : null,
    open: isSettled(rollout, targets) ? 0 : 1,
    revision: rollout.revision,
    last_batch_at: rollout.lastBatchAt,
    touched_at_halt: rollout.touchedAtHalt,
    quarantine_json: JSON.stringify(rollout.quarantine),
  };
}

/** The row of a new rollout. */
export function newRolloutRow(rollout: Rollout): RolloutRow {
  const { spec } = rollout;
  return {
    id: rollout.id,
    cohort_group_id: spec.cohort.kind === "group" ? spec.cohort.id : null,
    product: spec.product,
    version: spec.version,
    priority: spec.priority,
    spec_json: JSON.stringify(spec),
    silent_after_ms: spec.failurePolicy.silentAfterMs,
    steadying_ms: spec.limits.stabilizationMs,
    created_at: rollout.createdAt,
    created_by: rollout.createdBy,
    ...rolloutChanges(rollout, []),
  };
}
