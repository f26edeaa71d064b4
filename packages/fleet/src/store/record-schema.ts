/** The tables of who did what, what happened, and who is told of it. */
export interface RecordTables {
  audit_log: AuditRow;
  audit_head: AuditHeadRow;
  audit_checkpoint: AuditCheckpointRow;
  events: EventRow;
  event_head: EventHeadRow;
  webhooks: WebhookRow;
  webhook_deliveries: WebhookDeliveryRow;
}

/** Key: sequence, without a gap. Rows are never changed. */
export interface AuditRow {
  sequence: number;
  at: number;
  actor_kind: string;
  actor_name: string;
  actor_id: string | null;
  action: string;
  resource_kind: string | null;
  resource_id: string | null;
  /** Canonical (RFC 8785). */
  details_json: string;
  /** Null: from inside the server. */
  address: string | null;
  user_agent: string | null;
  credential: string | null;
  previous_hash: string;
  hash: string;
}

/** One row, id 1: the last record. */
export interface AuditHeadRow {
  id: number;
  sequence: number;
  hash: string;
}

/** One row, id 1: the last record that was removed, which the first one that is there follows. */
export interface AuditCheckpointRow {
  id: number;
  sequence: number;
  hash: string;
  at: number;
}

/** Key: sequence; unique: id. Old ones are removed. */
export interface EventRow {
  sequence: number;
  id: string;
  at: number;
  type: string;
  category: string;
  severity: string;
  /** Error code. */
  code: string | null;
  message: string;
  agent_id: string | null;
  rollout_id: string | null;
  target_id: string | null;
  wave: number | null;
  product: string | null;
  version: string | null;
  data_json: string;
}

/** One row, id 1: the sequence of the newest event. */
export interface EventHeadRow {
  id: number;
  sequence: number;
}

/** Key: id. */
export interface WebhookRow {
  id: string;
  url: string;
  description: string;
  filter_json: string;
  /** Sealed with the server's key, see `Sealer`. */
  secret_sealed: string;
  enabled: number;
  /** Why Muster has switched it off; null: it has not. */
  disabled_why: string | null;
  /** Since when no delivery has come through; null: the last one did. */
  failing_since: number | null;
  /** Sequence of the last event that was looked at for it. */
  position: number;
  created_at: number;
  created_by: string;
}

/** Key: id. One event for one webhook. */
export interface WebhookDeliveryRow {
  id: string;
  webhook_id: string;
  event_id: string;
  event_type: string;
  /** The body, as it is signed and sent. */
  payload: string;
  /** pending, delivered, dead. */
  state: string;
  attempts: number;
  first_attempt_at: number | null;
  /** Null: not any more. */
  next_attempt_at: number | null;
  last_status: number | null;
  last_error: string | null;
  created_at: number;
  ended_at: number | null;
}
