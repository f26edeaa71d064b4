import type { Generated } from "kysely";

/**
 * The tables, as Kysely sees them; migrations make them. Truth values are 0 and 1, times are milliseconds since 1970,
 * `…_json` columns hold JSON text that only the mapping beside each use case reads and writes.
 */
export interface Tables {
  releases: ReleaseRow;
  artifacts: ArtifactRow;
  sources: SourceRow;
  release_origins: ReleaseOriginRow;
  agents: AgentRow;
  agent_labels: AgentLabelRow;
  registration_tokens: RegistrationTokenRow;
  rollouts: RolloutRow;
  waves: WaveRow;
  targets: TargetRow;
  api_tokens: ApiTokenRow;
  sessions: SessionRow;
}

/** Key: product, version. */
export interface ReleaseRow {
  product: string;
  version: string;
  channel: string;
  notes: string;
  floor: string | null;
  /** The signed bytes, never re-encoded. */
  manifest: Uint8Array;
  /** The content of the .sig file. */
  signatures: Uint8Array;
  manifest_digest: string;
  /** Kind of core's ReleaseState. */
  state: string;
  /** Its data. */
  state_json: string;
  signed_by_json: string;
  published_at: number;
  published_by: string;
}

/** Key: product, version, os, arch. */
export interface ArtifactRow {
  product: string;
  version: string;
  os: string;
  arch: string;
  sha256: string;
  size: number;
  url: string;
  mirrored: number;
}

/** Key: id. Where releases are imported from. */
export interface SourceRow {
  id: string;
  kind: string;
  host: string;
  owner: string;
  repo: string;
  product: string;
  /** Sealed with the server's key, see `Sealer`; null: none. */
  token_sealed: string | null;
  created_at: number;
  created_by: string;
}

/** Key: product, version. The source may be gone. */
export interface ReleaseOriginRow {
  product: string;
  version: string;
  source_id: string;
  tag: string;
  /** Which asset of the source's release each artifact is. */
  assets_json: string;
}

/** Key: id. */
export interface AgentRow {
  id: string;
  hostname: string;
  product: string;
  version: string | null;
  /** Sorts as text the way versions do, see `versionKey`; empty for none. */
  version_key: string;
  os: string;
  arch: string;
  /** What the agent says, overlaid with `assigned_labels_json`. */
  labels_json: string;
  /** From its registration token; they win over what the agent says. */
  assigned_labels_json: string;
  capabilities_json: string;
  policy_json: string;
  enrolled_at: number;
  last_seen_at: number | null;
  /** Since when a gateway holds its stream; null: offline. Cleared when a server starts. */
  connected_at: number | null;
  clock_skew_ms: number | null;
  /** How its host last left a version by itself; null if it never has. */
  recovery_json: string | null;
  telemetry_json: string | null;
  boot_id: string | null;
  /** Of the newest certificate; an older one is refused. */
  generation: number;
  revoked_at: number | null;
  /** Of the newest assignment made for it. */
  sequence: Generated<number>;
}

/** Key: agent_id, key. The labels of `agents.labels_json`, for filters. */
export interface AgentLabelRow {
  agent_id: string;
  key: string;
  value: string;
}

/** Key: id. Only the secret's SHA-256 is kept. */
export interface RegistrationTokenRow {
  id: string;
  secret_sha256: string;
  max_uses: number;
  uses: number;
  expires_at: number;
  labels_json: string;
  product: string | null;
  created_at: number;
  created_by: string;
  revoked_at: number | null;
}

/** Key: id. */
export interface RolloutRow {
  id: string;
  product: string;
  version: string;
  priority: string;
  spec_json: string;
  /** `failurePolicy.silentAfterMs` of the specification, for counts in SQL. */
  silent_after_ms: number;
  /** `limits.stabilizationMs`: how much longer it may be silent while it restarts. */
  steadying_ms: number;
  state: string;
  state_json: string;
  reason: string | null;
  since: number;
  created_at: number;
  created_by: string;
  ended_at: number | null;
  /** 1: still to be planned; a rollout that has ended is, until the last of its targets has. */
  open: number;
  revision: number;
  last_batch_at: number | null;
  touched_at_halt: number | null;
}

/** Key: rollout_id, wave_index. */
export interface WaveRow {
  rollout_id: string;
  wave_index: number;
  state: string;
  state_json: string;
  since: number;
  approved: number;
  forgiven_before: number;
  reason: string | null;
}

/** Key: id. Unique: rollout_id, agent_id, purpose, attempt. */
export interface TargetRow {
  id: string;
  rollout_id: string;
  agent_id: string;
  purpose: string;
  attempt: number;
  wave: number;
  from_version: string | null;
  to_version: string;
  state: string;
  state_json: string;
  since: number;
  progress_at: number;
  reason: string | null;
  /** Of its assignment; null before the dispatch. */
  sequence: number | null;
  /** The assignment's signed bytes and signature, to be sent again until the agent has taken it. */
  assignment: Uint8Array | null;
  assignment_signature: Uint8Array | null;
  output_tail: string | null;
  surviving_version: string | null;
  downtime_ms: number | null;
  /** When the agent's word on how it ended was recorded; it may come after the target was given up. */
  outcome_at: number | null;
  /** 1: the newest target of its agent in its rollout: what counts and lists are made of. */
  standing: number;
  /** 1: the newest target of its agent, of all rollouts. */
  latest: number;
}

/** Key: id. */
export interface ApiTokenRow {
  id: string;
  name: string;
  role: string;
  secret_sha256: string;
  created_at: number;
}

/** Key: id_sha256. */
export interface SessionRow {
  id_sha256: string;
  actor: string;
  role: string;
  created_at: number;
  expires_at: number;
}
