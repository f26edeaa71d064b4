import type { Insertable } from "kysely";
import type { AgentLabelRow, AgentRow, ReleaseRow } from "../store/schema.ts";

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
    capabilities_json: '["update"]',
    policy_json: '{"updates":true,"maintenance":false}',
    enrolled_at: 1,
    last_seen_at: null,
    connected_at: null,
    clock_skew_ms: null,
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
