import type { Insertable } from "kysely";
import { DEFAULT_LIMITS, type RolloutSpec } from "@muster/core";
import type {
  AgentLabelRow,
  AgentRow,
  ArtifactRow,
  ReleaseRow,
  RolloutRow,
  TargetRow,
} from "../store/schema.ts";

/** A row of `agents`; the id is also its hostname. */
export function anAgent(id: string, changes: Partial<Insertable<AgentRow>> = {}): Insertable<AgentRow> {
  return {
    id,
    hostname: id,
    product: "app",
    version: null,
    version_key: "",
    os: "linux",
    arch: "amd64",
    labels_json: "{}",
    assigned_labels_json: "{}",
    own_labels_json: "{}",
    capabilities_json: '["update"]',
    policy_json: '{"updates":true,"maintenance":false}',
    enrolled_at: 1,
    last_seen_at: null,
    connected_at: null,
    clock_skew_ms: null,
    recovery_json: null,
    time_zone: null,
    forgiven_at: null,
    telemetry_json: null,
    boot_id: null,
    generation: 1,
    revoked_at: null,
    sequence: 0,
    ...changes,
  };
}

export function aLabel(agentId: string, key: string, value: string): AgentLabelRow {
  return { agent_id: agentId, key, value };
}

/** A row of `releases`, ready to roll out. */
export function aRelease(version: string, changes: Partial<ReleaseRow> = {}): ReleaseRow {
  return {
    product: "app",
    version,
    channel: "stable",
    notes: "",
    floor: null,
    manifest: new Uint8Array(),
    signatures: new Uint8Array(),
    manifest_digest: "0".repeat(64),
    state: "ready",
    state_json: '{"kind":"ready"}',
    signed_by_json: "[]",
    published_at: 1,
    published_by: "test",
    ...changes,
  };
}

/** A row of `artifacts`, mirrored. */
export function anArtifact(version: string, changes: Partial<ArtifactRow> = {}): ArtifactRow {
  return {
    product: "app",
    version,
    os: "linux",
    arch: "amd64",
    sha256: "1".repeat(64),
    size: 1000,
    url: "https://example.com/app.tar.gz",
    mirrored: 1,
    ...changes,
  };
}

const SPEC: RolloutSpec = {
  product: "app",
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

/** A row of `rollouts`, to 2.0.0 and running. */
export function aRolloutRow(changes: Partial<RolloutRow> = {}): RolloutRow {
  return {
    id: "r1",
    cohort_group_id: null,
    product: "app",
    version: "2.0.0",
    priority: "normal",
    spec_json: JSON.stringify(SPEC),
    silent_after_ms: SPEC.failurePolicy.silentAfterMs,
    steadying_ms: SPEC.limits.stabilizationMs,
    state: "running",
    state_json: "{}",
    reason: null,
    since: 1,
    created_at: 1,
    created_by: "tester",
    ended_at: null,
    open: 1,
    revision: 1,
    last_batch_at: null,
    touched_at_halt: null,
    quarantine_json: null,
    ...changes,
  };
}

/** A row of `targets` of rollout `r1`, pending and the newest of its agent. */
export function aTargetRow(agentId: string, changes: Partial<TargetRow> = {}): TargetRow {
  return {
    id: `t-${agentId}`,
    rollout_id: "r1",
    agent_id: agentId,
    purpose: "update",
    attempt: 1,
    wave: 0,
    from_version: "1.0.0",
    to_version: "2.0.0",
    state: "pending",
    state_json: "{}",
    since: 1,
    progress_at: 1,
    reason: null,
    sequence: null,
    assignment: null,
    assignment_signature: null,
    output_tail: null,
    surviving_version: null,
    downtime_ms: null,
    outcome_at: null,
    standing: 1,
    latest: 1,
    ...changes,
  };
}
