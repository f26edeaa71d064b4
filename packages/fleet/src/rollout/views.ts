import { rolloutVerbs, type TargetState } from "@muster/core";
import type { RolloutView, TargetView, WaveView } from "@muster/protocol/http";
import type { RolloutRow, TargetRow, WaveRow } from "../store/schema.ts";
import { type TargetColumns, toRollout, toTargetState, readSpec } from "./mapping.ts";
import { noCounts, type Tally } from "./tally.ts";

/** A rollout as the API shows it; `waves` by index. */
export function toRolloutView(row: RolloutRow, waves: readonly WaveRow[], tally: Tally): RolloutView {
  const rollout = toRollout(row, waves);
  const { state } = rollout;
  return {
    id: rollout.id,
    spec: readSpec(row) as RolloutView["spec"],
    state: state.kind,
    pauseCause: state.kind === "paused" ? state.cause : null,
    reason: rollout.reason,
    since: rollout.since,
    createdAt: rollout.createdAt,
    createdBy: rollout.createdBy,
    endedAt: row.ended_at,
    revision: rollout.revision,
    touched: tally.touched,
    touchedAtHalt: rollout.touchedAtHalt,
    heldSlices: [...rollout.quarantine.slices],
    counts: { ...tally.total },
    waves: rollout.waves.map(
      (wave): WaveView => ({
        index: wave.index,
        state: wave.state.kind,
        since: wave.since,
        settlesAt: wave.state.kind === "settling" ? wave.state.until : null,
        approved: wave.approved,
        approvedBy: [...wave.approvedBy],
        reason: wave.reason,
        counts: { ...(tally.waves.get(wave.index) ?? noCounts()) },
      }),
    ),
    verbs: [...rolloutVerbs(rollout, tally.total)],
  };
}

/** What a view of a target is made of. */
export interface TargetViewRow
  extends TargetColumns,
    Pick<TargetRow, "output_tail" | "surviving_version" | "downtime_ms"> {
  readonly hostname: string;
  readonly silent: number;
}

/** A target as the API shows it. */
export function toTargetView(row: TargetViewRow): TargetView {
  const state = toTargetState(row);
  const { code, message } = endOf(state);
  return {
    id: row.id,
    rolloutId: row.rollout_id,
    agentId: row.agent_id,
    hostname: row.hostname,
    purpose: row.purpose as TargetView["purpose"],
    attempt: row.attempt,
    wave: row.wave,
    fromVersion: row.from_version,
    toVersion: row.to_version,
    state: state.kind,
    silent: row.silent === 1,
    receivedBytes: state.kind === "downloading" ? state.receivedBytes : null,
    totalBytes: state.kind === "downloading" ? state.totalBytes : null,
    code,
    message,
    outputTail: row.output_tail,
    survivingVersion: row.surviving_version,
    downtimeMs: row.downtime_ms,
    reason: row.reason,
    since: row.since,
    progressAt: row.progress_at,
  };
}

function endOf(state: TargetState): { readonly code: string | null; readonly message: string | null } {
  if (state.kind === "failed" || state.kind === "rolled_back") return state;
  if (state.kind === "canceled") return { code: state.code ?? null, message: state.message ?? null };
  return { code: null, message: null };
}
