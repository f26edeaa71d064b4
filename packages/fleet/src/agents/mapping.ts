import { localPolicyDecoder, type LocalPolicy, parse } from "@muster/core";
import type { AgentView } from "@muster/protocol/http";
import type { Selectable, Updateable } from "kysely";
import type { AgentHeartbeat, AgentHello, Telemetry } from "../gateway/ports.ts";
import type { AgentLabelRow, AgentRow, TargetRow } from "../store/schema.ts";
import { versionKey } from "./version-key.ts";

type Labels = Readonly<Record<string, string>>;

/** What an agent says of itself, overlaid with what its token and operators gave it. */
export function mergeLabels(own: Labels, assigned: Labels): Labels {
  const merged = { ...own, ...assigned };
  // Sorted, so that the same labels are the same text.
  return Object.fromEntries(Object.entries(merged).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

export function labelRows(agentId: string, labels: Labels): AgentLabelRow[] {
  return Object.entries(labels).map(([key, value]) => ({ agent_id: agentId, key, value }));
}

/** The columns that a hello sets; labels are the caller's. */
export function helloColumns(hello: AgentHello): Updateable<AgentRow> {
  return {
    hostname: hello.hostname,
    version: hello.version,
    version_key: versionKey(hello.version),
    os: hello.os,
    arch: hello.arch,
    capabilities_json: JSON.stringify(hello.capabilities),
    policy_json: JSON.stringify(hello.policy),
    boot_id: hello.bootId,
    clock_skew_ms: hello.clockSkewMs,
    time_zone: hello.timeZone ?? null,
    recovery_json: hello.recovery === undefined ? null : JSON.stringify(hello.recovery),
  };
}

/** The columns that a heartbeat sets. */
export function heartbeatColumns({ clockSkewMs, telemetry, policy }: AgentHeartbeat): Updateable<AgentRow> {
  return {
    clock_skew_ms: clockSkewMs,
    telemetry_json: JSON.stringify(telemetry),
    ...(policy && { policy_json: JSON.stringify(policy) }),
  };
}

/** The latest target of an agent, as far as a view of the agent shows it. */
export type TargetOfAgent = Pick<TargetRow, "id" | "rollout_id" | "to_version" | "state" | "reason">;

/** What a view of an agent shows besides its row. */
export interface AgentSurroundings {
  /** The one under way or waiting, null if there is none. */
  readonly target: TargetOfAgent | null;
  /** By priority, highest first. */
  readonly groups: readonly { readonly id: string; readonly name: string }[];
}

/** An agent as the API shows it. */
export function toAgentView(row: Selectable<AgentRow>, { target, groups }: AgentSurroundings): AgentView {
  return {
    id: row.id,
    hostname: row.hostname,
    product: row.product,
    version: row.version,
    os: row.os,
    arch: row.arch,
    labels: JSON.parse(row.labels_json) as Record<string, string>,
    assignedLabels: JSON.parse(row.assigned_labels_json) as Record<string, string>,
    groups: [...groups],
    capabilities: JSON.parse(row.capabilities_json) as string[],
    policy: policyView(readPolicy(row.policy_json)),
    online: row.connected_at !== null,
    revoked: row.revoked_at !== null,
    enrolledAt: row.enrolled_at,
    lastSeenAt: row.last_seen_at,
    clockSkewMs: row.clock_skew_ms,
    timeZone: row.time_zone,
    recovery: row.recovery_json === null ? null : (JSON.parse(row.recovery_json) as AgentView["recovery"]),
    telemetry: row.telemetry_json === null ? null : (JSON.parse(row.telemetry_json) as Telemetry),
    target: target && {
      id: target.id,
      rolloutId: target.rollout_id,
      version: target.to_version,
      state: target.state,
      reason: target.reason,
    },
  };
}

export function readPolicy(json: string): LocalPolicy {
  return parse.decodeJson(localPolicyDecoder, json, "STORE_UNAVAILABLE");
}

function policyView({ updates, channels, minimumVersion, maintenance }: LocalPolicy): AgentView["policy"] {
  return {
    updates,
    channels: channels ? [...channels] : null,
    minimumVersion: minimumVersion ?? null,
    maintenance,
  };
}
