import { type Decoder, parse } from "@muster/core";
import type { AuditRow } from "../store/schema.ts";
import { detailsText } from "./entry.ts";
import type { AuditActor, AuditDetail, AuditDetails, AuditPlace, AuditRecord } from "./ports.ts";

const ACTOR_KINDS = ["user", "token", "agent", "system", "anonymous"] as const;

const decodeDetail: Decoder<AuditDetail> = (value, path) => {
  if (value === null || typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "number") return parse.number()(value, path);
  return parse.array(parse.string())(value, path);
};
const decodeDetails = parse.record(parse.string(), decodeDetail);

export function toAuditRow(record: AuditRecord): AuditRow {
  const { actor, resource, from } = record;
  return {
    sequence: record.sequence,
    at: record.at,
    actor_kind: actor.kind,
    actor_name: actor.name,
    actor_id: actor.id,
    action: record.action,
    resource_kind: resource?.kind ?? null,
    resource_id: resource?.id ?? null,
    details_json: detailsText(record.details),
    address: from?.address ?? null,
    user_agent: from?.userAgent ?? null,
    credential: from?.credential ?? null,
    previous_hash: record.previousHash,
    hash: record.hash,
  };
}

/** A row as it stands, also one that somebody has meddled with: `isFaithful` says so. */
export function toAuditRecord(row: AuditRow): AuditRecord {
  return {
    sequence: row.sequence,
    at: row.at,
    actor: { kind: actorKindOf(row.actor_kind), name: row.actor_name, id: row.actor_id },
    action: row.action,
    resource:
      row.resource_kind === null || row.resource_id === null
        ? null
        : { kind: row.resource_kind, id: row.resource_id },
    details: detailsOf(row.details_json),
    from: placeOf(row),
    previousHash: row.previous_hash,
    hash: row.hash,
  };
}

/** Whether the row is, column by column, what the record would be written as. */
export function isFaithful(row: AuditRow, record: AuditRecord): boolean {
  const written = new Map<string, unknown>(Object.entries(toAuditRow(record)));
  return Object.entries(row).every(([name, value]) => written.get(name) === value);
}

function placeOf({ address, user_agent: userAgent, credential }: AuditRow): AuditPlace | null {
  return address === null ? null : { address, userAgent, credential };
}

function actorKindOf(text: string): AuditActor["kind"] {
  return ACTOR_KINDS.find((kind) => kind === text) ?? "anonymous";
}

function detailsOf(text: string): AuditDetails {
  try {
    return parse.decodeJson(decodeDetails, text, "INTERNAL_UNEXPECTED");
  } catch {
    // It can only be read as what it is not any more.
    return { unreadable: text };
  }
}
