import type { AuditActor, AuditDeed, AuditEntry, AuditPlace } from "../audit/ports.ts";
import type { Caller, Place } from "./ports.ts";

/** Who does what a caller asks for, as the audit log names them. */
export function auditActor({ name, userId }: Caller["actor"]): AuditActor {
  return userId ? { kind: "user", name, id: userId } : { kind: "token", name };
}

/** Where a caller's request came from, and by which credentials. */
export function auditPlace({ place, credential }: Omit<Caller, "actor">): AuditPlace {
  return { ...place, credential: `${credential.kind}:${credential.id}` };
}

/** What a caller did. */
export function auditEntry(deed: AuditDeed, caller: Caller): AuditEntry {
  return { ...deed, actor: auditActor(caller.actor), from: auditPlace(caller) };
}

/** What somebody did who has no credentials yet. */
export function auditOfStranger(deed: AuditDeed, actor: AuditActor, place: Place): AuditEntry {
  return { ...deed, actor, from: { ...place, credential: null } };
}
