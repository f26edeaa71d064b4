import { createHash } from "node:crypto";
import { canonicalJson } from "@muster/core";
import type { TidyEntry } from "./entry.ts";
import type { AuditHead, AuditRecord } from "./ports.ts";

/** The record that follows `head`. Its hash holds everything in it, and through `previousHash` everything before. */
export function nextRecord(head: AuditHead, entry: TidyEntry, at: number): AuditRecord {
  const content = { ...entry, sequence: head.sequence + 1, at, previousHash: head.hash };
  return { ...content, hash: hashOf(content) };
}

export function hashOf(record: Omit<AuditRecord, "hash">): string {
  const { sequence, at, previousHash, actor, action, resource, details, from } = record;
  const content = { schema: 1, sequence, at, previousHash, actor, action, resource, details, from };
  return createHash("sha256").update(canonicalJson(content)).digest("hex");
}

/** Why a record cannot be the one that follows `head`; null if it can. */
export function faultOf(head: AuditHead, record: AuditRecord): string | null {
  if (record.sequence !== head.sequence + 1) {
    return `record ${head.sequence + 1} is missing: ${record.sequence} comes after ${head.sequence}`;
  }
  if (record.previousHash !== head.hash) return "it does not follow from the record before it";
  if (hashOf(record) !== record.hash) return "its content is not what was recorded";
  return null;
}
