/** Key: name; unique: rollout_id. Rollouts that were asked for under a name. */
export interface RolloutNameRow {
  name: string;
  rollout_id: string;
}

/** Key: id. Unique: name. */
export interface OperationRow {
  id: string;
  name: string;
  operation_kind: string;
  /** As it was asked for. */
  spec_json: string;
  agent_id: string;
  /** What the agent ran when it was asked for. */
  from_version: string | null;
  product: string;
  version: string;
  /** Null: the machine ran the version already. */
  rollout_id: string | null;
  created_at: number;
  created_by: string;
}
