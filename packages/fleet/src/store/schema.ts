import type { Generated } from "kysely";
import type { OperationRow, RolloutNameRow } from "./operation-tables.ts";
import type { RecordTables } from "./record-schema.ts";

export type * from "./record-schema.ts";

/**
 * The tables, as Kysely sees them; migrations make them. Truth values are 0 and 1, times are milliseconds since 1970,
 * `…_json` columns hold JSON text that only the mapping beside each use case reads and writes.
 */
export interface Tables extends RecordTables {
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
  freezes: FreezeRow;
  commands: CommandRow;
  operations: OperationRow;
  rollout_names: RolloutNameRow;
  groups: GroupRow;
  group_members: GroupMemberRow;
  group_desired: GroupDesiredRow;
  group_rollouts: GroupRolloutRow;
  api_tokens: ApiTokenRow;
  sessions: SessionRow;
  users: UserRow;
  user_grants: UserGrantRow;
  recovery_codes: RecoveryCodeRow;
  passkeys: PasskeyRow;
  known_devices: KnownDeviceRow;
  sign_in_challenges: SignInChallengeRow;
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
  /** `own_labels_json` overlaid with `assigned_labels_json`. */
  labels_json: string;
  /** From its registration token and from operators; they win over what the agent says. */
  assigned_labels_json: string;
  /** What the agent says of itself. */
  own_labels_json: Generated<string>;
  capabilities_json: string;
  policy_json: string;
  enrolled_at: number;
  last_seen_at: number | null;
  /** Since when a gateway holds its stream; null: offline. Cleared when a server starts. */
  connected_at: number | null;
  clock_skew_ms: number | null;
  /** How its host last left a version by itself; null if it never has. */
  recovery_json: string | null;
  /** Of the host's clock, a name of the time zone database; null: it has not said. */
  time_zone: string | null;
  /** When an operator last forgave it its rollbacks. */
  forgiven_at: number | null;
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

/** Key: id. Unique: name. */
export interface GroupRow {
  id: string;
  name: string;
  description: string;
  /** A filter that says who is in it; null: `group_members` does. */
  rule: string | null;
  /** Of the groups that say what an agent runs, the one with the highest does. */
  priority: number;
  revision: number;
  created_at: number;
  created_by: string;
  updated_at: number;
}

/** Key: group_id, agent_id. Members of a group without a rule. */
export interface GroupMemberRow {
  group_id: string;
  agent_id: string;
}

/** Key: group_id, product. What the group's agents are to run, see core's `DesiredState`. */
export interface GroupDesiredRow {
  group_id: string;
  product: string;
  track_json: string;
  plan_json: string;
  /** What went wrong before no longer holds anything back: when an operator said so. */
  cleared_at: number;
  revision: number;
  updated_at: number;
  updated_by: string;
}

/** Key: rollout_id. Rollouts that a desired state has made. */
export interface GroupRolloutRow {
  rollout_id: string;
  group_id: string;
  product: string;
  version: string;
  kind: string;
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
  /** The one group that it is for; null: agents of anywhere. */
  cohort_group_id: string | null;
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
  /** Core's Quarantine; null: nothing was ever held. */
  quarantine_json: string | null;
}

/** Key: rollout_id, wave_index. */
export interface WaveRow {
  rollout_id: string;
  wave_index: number;
  state: string;
  state_json: string;
  since: number;
  /** Null before it opens, and for waves from before this was kept. */
  opened_at: number | null;
  approved: number;
  /** Names. */
  approved_by_json: string | null;
  forgiven_before: number;
  reason: string | null;
}

/** Key: id. */
export interface CommandRow {
  id: string;
  agent_id: string;
  name: string;
  arguments_json: string;
  /** `sent`, `ok`, `failed` or `timed_out`. */
  state: string;
  output: string;
  requested_at: number;
  requested_by: string;
  ended_at: number | null;
}

/** Key: id. */
export interface FreezeRow {
  id: string;
  name: string;
  from_at: number;
  until_at: number;
  created_at: number;
  created_by: string;
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

/** Key: id. Only the secret's SHA-256 is kept. */
export interface ApiTokenRow {
  id: string;
  name: string;
  /** In the whole fleet; empty: none. */
  role: string;
  secret_sha256: string;
  created_at: number;
  /** The user it belongs to, whose own roles are its limit; null: it belongs to the server. */
  owner_id: string | null;
  /** Roles in single groups. */
  groups_json: string | null;
  created_by: string | null;
  /** Null: never. */
  expires_at: number | null;
  /** To the minute. */
  last_used_at: number | null;
}

/** Key: id. Belongs to a user or to an API token, and ends with it. Only the secret's SHA-256 is kept. */
export interface SessionRow {
  id: string;
  secret_sha256: string;
  user_id: string | null;
  token_id: string | null;
  /** What it was begun with: token, password, passkey, oidc. */
  method: string;
  /** What brings the secret: cookie, bearer. */
  carrier: string;
  address: string;
  user_agent: string;
  created_at: number;
  /** To the minute. */
  last_seen_at: number;
  expires_at: number;
}

/** Key: id. Unique: name; oidc_issuer, oidc_subject. */
export interface UserRow {
  id: string;
  /** In lower case. */
  name: string;
  email: string | null;
  /** Argon2id, in PHC's form; null: no password. */
  password_hash: string | null;
  must_change_password: number;
  oidc_issuer: string | null;
  oidc_subject: string | null;
  /** Sealed; null: no codes are asked for. */
  totp_secret: string | null;
  /** Shown to the user, and not confirmed by a code yet. */
  totp_pending_secret: string | null;
  /** Of the newest code that was accepted; none up to it is accepted again. */
  totp_last_step: number | null;
  disabled_at: number | null;
  created_at: number;
  created_by: string;
  last_sign_in_at: number | null;
}

/** Key: user_id, group_id, source. */
export interface UserGrantRow {
  user_id: string;
  /** Empty: the whole fleet. */
  group_id: string;
  /** Who gave it: a person (`manual`), or the identity provider at the last sign-in (`oidc`). */
  source: string;
  role: string;
}

/** Key: user_id, code_sha256. A code that is used is gone. */
export interface RecoveryCodeRow {
  user_id: string;
  code_sha256: string;
}

/** Key: id, the credential's own. */
export interface PasskeyRow {
  id: string;
  user_id: string;
  name: string;
  /** COSE. */
  public_key: Uint8Array;
  counter: number;
  transports_json: string;
  created_at: number;
  last_used_at: number | null;
}

/** Key: secret_sha256. A browser in which this user has signed in before. */
export interface KnownDeviceRow {
  secret_sha256: string;
  user_id: string;
  expires_at: number;
}

/** Key: secret_sha256. What a sign-in by passkey or identity provider has to come back with, once. */
export interface SignInChallengeRow {
  secret_sha256: string;
  kind: string;
  state_json: string;
  expires_at: number;
}
