import { canonicalJson } from "@muster/core";
import type { AuditDetail, AuditDetails, AuditEntry, AuditRecord } from "./ports.ts";

const TEXT_MAX = 512;
const NAME_MAX = 128;
const DETAILS_MAX = 32;
const LIST_MAX = 50;

/** An entry as it is kept. */
export type TidyEntry = Pick<AuditRecord, keyof AuditEntry>;

/** The same entry with every member, bounded, and made of text that JSON can carry. */
export function tidyEntry({ actor, action, resource, details = {}, from }: AuditEntry): TidyEntry {
  return {
    actor: {
      kind: actor.kind,
      name: short(actor.name, NAME_MAX),
      id: actor.id ? short(actor.id, NAME_MAX) : null,
    },
    action: short(action, NAME_MAX),
    resource: resource && { kind: short(resource.kind, NAME_MAX), id: short(resource.id, TEXT_MAX) },
    details: tidyDetails(details),
    from: from && {
      address: short(from.address, NAME_MAX),
      userAgent: from.userAgent === null ? null : short(from.userAgent, TEXT_MAX),
      credential: from.credential === null ? null : short(from.credential, NAME_MAX),
    },
  };
}

/** Details as they are kept. */
export function detailsText(details: AuditDetails): string {
  return canonicalJson(details);
}

function tidyDetails(details: AuditDetails): AuditDetails {
  const members = Object.entries(details).slice(0, DETAILS_MAX);
  return Object.fromEntries(members.map(([name, value]) => [short(name, NAME_MAX), tidyDetail(value)]));
}

function tidyDetail(value: AuditDetail): AuditDetail {
  if (typeof value === "string") return short(value, TEXT_MAX);
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  if (value === null || typeof value === "boolean") return value;
  const kept = value.slice(0, LIST_MAX).map((item) => short(item, NAME_MAX));
  return value.length > LIST_MAX ? [...kept, `… and ${value.length - LIST_MAX} more`] : kept;
}

function short(text: string, max: number): string {
  const cut = text.length > max ? `${text.slice(0, max - 1)}…` : text;
  // A cut can go through a pair of surrogates, too.
  return cut.toWellFormed();
}
